// The same as login.py, with Node's tls module.

const fs = require('fs');
const net = require('net');
const tls = require('tls');

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function connectPacket(user, password) {
  const head = Buffer.from('\0\x04MQTT\x04\xc2\0\x3c', 'latin1');
  const body = Buffer.concat([head, text('login.js'), text(user), text(password)]);
  if (body.length > 127) throw new Error('a longer packet than this program writes');
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

function login(job, attempt) {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host: attempt.address ?? attempt.name,
      port: attempt.port,
      // an address cannot stand in SNI; Node then judges by `host`
      servername: net.isIP(attempt.name) ? '' : attempt.name,
      ca: fs.readFileSync(job.ca),
      cert: job.cert && fs.readFileSync(job.cert),
      key: job.key && fs.readFileSync(job.key),
      minVersion: attempt.tls && `TLSv${attempt.tls}`,
      maxVersion: attempt.tls && `TLSv${attempt.tls}`,
      checkServerIdentity: (_, cert) => tls.checkServerIdentity(attempt.name, cert),
    });
    let answer = Buffer.alloc(0);
    socket.setTimeout(10000, () => socket.destroy(new Error('no answer in 10 s')));
    socket.on('secureConnect', () => socket.write(connectPacket(attempt.user, attempt.password)));
    socket.on('data', (part) => {
      answer = Buffer.concat([answer, part]);
      if (answer.length < 4) return;
      resolve(answer[0] === 0x20 && answer[1] === 2 ? answer[3] : answer.toString('hex'));
      socket.destroy();
    });
    socket.on('error', (error) => resolve(`${error.code}: ${error.message}`));
    socket.on('close', () => resolve(`closed after ${answer.toString('hex')}`));
  });
}

async function main() {
  const job = JSON.parse(fs.readFileSync(0, 'utf8'));
  const answers = [];
  for (const attempt of job.attempts) answers.push(await login(job, attempt));
  console.log(JSON.stringify(answers));
}

main();
