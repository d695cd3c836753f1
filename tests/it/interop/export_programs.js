// Connects as a program would that was given an exported configuration, and sends itself a message.
//
//   node export_programs.js zigbee2mqtt|node-red|mqttx|esphome FILE     YAML comes as JSON
//
// Each reader takes from the file what that program's source takes from it, and nothing else. Prints the options.

'use strict';

const fs = require('fs');
const mqtt = require('mqtt');

const [, , format, file] = process.argv;
const text = fs.readFileSync(file, 'utf8');

const readers = {
  // lib/mqtt.ts
  zigbee2mqtt: ({ mqtt: part }) => [part.server, {
    ca: fs.readFileSync(part.ca),
    key: fs.readFileSync(part.key),
    cert: fs.readFileSync(part.cert),
    username: part.user,
    password: part.password,
    clientId: part.client_id,
    rejectUnauthorized: part.reject_unauthorized,
  }],

  // 05-tls.js and 10-mqtt.js; what the editor's import keeps of credentials
  'node-red': (nodes) => {
    const one = (type) => {
      const found = nodes.filter((node) => node.type === type);
      if (found.length !== 1) throw new Error(`${found.length} nodes of type ${type}`);
      return found[0];
    };
    const [broker, out, into, inject] = ['mqtt-broker', 'mqtt out', 'mqtt in', 'inject'].map(one);
    const ids = nodes.map((node) => node.id);
    if (new Set(ids).size !== ids.length || !ids.every((id) => /^[0-9a-f]{16}$/.test(id))) throw new Error(`${ids}`);
    const tls = nodes.find((node) => node.id === broker.tls);
    if (tls.type !== 'tls-config' || tls.certType !== 'files' || tls.cert || tls.key || tls.ca) throw new Error('tls');
    if (out.broker !== broker.id || into.broker !== broker.id || out.topic !== into.topic) throw new Error('wires');
    if (inject.wires[0][0] !== out.id || into.wires[0][0] !== one('debug').id) throw new Error('wires');
    if (!nodes.filter((node) => node.x).every((node) => node.z === one('tab').id)) throw new Error('tab');
    return [`${broker.usetls ? 'mqtts' : 'mqtt'}://${broker.broker}:${broker.port}`, {
      ca: tls.credentials.cadata,
      key: tls.credentials.keydata,
      cert: tls.credentials.certdata,
      username: broker.credentials.user,
      password: broker.credentials.password,
      clientId: broker.clientid,
      protocolVersion: Number(broker.protocolVersion),
      clean: broker.cleansession,
      keepalive: Number(broker.keepalive),
      rejectUnauthorized: tls.verifyservercert,
    }, out.topic];
  },

  // ImportData.vue and mqttUtils.ts
  mqttx: (connections) => {
    const [record] = connections;
    const { id, clientId, name, host, port, ssl, certType, ca } = record;
    if (!id || !clientId || !name || !host || !port || !ssl || certType !== 'self' || !ca) throw new Error('not imported');
    return [`${record.protocol}://${host}:${port}`, {
      ca: [fs.readFileSync(record.ca)],
      cert: fs.readFileSync(record.cert),
      key: fs.readFileSync(record.key),
      username: record.username || undefined,
      password: record.password || undefined,
      clientId,
      keepalive: record.keepalive,
      clean: record.clean,
      protocolVersion: { '3.1.1': 4, '5.0': 5 }[record.mqttVersion],
      connectTimeout: record.connectTimeout * 1000,
      rejectUnauthorized: record.rejectUnauthorized,
    }];
  },

  esphome: ({ mqtt: part }) => [`mqtts://${part.broker}:${part.port}`, {
    ca: part.certificate_authority,
    cert: part.client_certificate,
    key: part.client_certificate_key,
    username: part.username,
    password: part.password,
    clientId: part.client_id,
  }],
};

const [url, options, topic = 'interop/export'] = readers[format](JSON.parse(text));
console.log(JSON.stringify({ url, topic, user: options.username, password: options.password, id: options.clientId,
  verified: options.rejectUnauthorized }));

setTimeout(() => process.exit(3), 30000).unref();
const client = mqtt.connect(url, { ...options, reconnectPeriod: 0 });
client.on('error', (error) => { console.error(error.message); process.exit(1); });
client.on('close', () => process.exit(2));
client.on('message', () => { client.removeAllListeners('close'); client.end(); });
client.on('connect', () => client.subscribe(topic, { qos: 1 }, () => client.publish(topic, 'hello', { qos: 1 })));
