"""What a broker lets users write and read, as an MQTT 5 client sees it, in a program that shares no code with mqsec.

Takes {"port", "ca", "topics", "admin": {"name", "password"}, "users": [...]} as its argument; prints a list of
[user, topic, may write, may read]. Writing is what PUBACK says; reading is whether a message of the admin, who may write
everything, comes before the answer to a ping that was sent after it.
"""

import json
import socket
import ssl
import sys


def text(value):
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


class Session:
    def __init__(self, job, user):
        made = ssl.create_default_context(cafile=job["ca"])
        plain = socket.create_connection(("localhost", job["port"]), timeout=10)
        self.stream = made.wrap_socket(plain, server_hostname="localhost")
        body = text("MQTT") + b"\5\xc2\0\x3c\0" + text("ask-" + str(id(self))) + text(user["name"]) + text(user["password"])
        self.send(0x10, body)
        kind, body = self.next()
        assert kind == 2 and body[1] == 0, (user["name"], kind, body)

    def send(self, first, body):
        length, size = b"", len(body)
        while True:
            size, low = divmod(size, 128)
            length += bytes([low | (128 if size else 0)])
            if not size:
                break
        self.stream.sendall(bytes([first]) + length + body)

    def take(self, count):
        found = b""
        while len(found) < count:
            part = self.stream.recv(count - len(found))
            assert part, "the broker closed the connection"
            found += part
        return found

    def next(self):
        first, size, shift = self.take(1)[0], 0, 0
        while True:
            byte = self.take(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first >> 4, self.take(size)

    def subscribe(self, topic):
        self.send(0x82, b"\0\1\0" + text(topic) + b"\0")
        return self.until(9)[-1] < 0x80

    def publish(self, topic):
        self.send(0x32, text(topic) + b"\0\2\0" + b"asked")
        body = self.until(4)
        return len(body) < 3 or body[2] < 0x80

    def until(self, wanted):
        while True:
            kind, body = self.next()
            if kind == wanted:
                return body

    def received(self):
        """Whether a message came before the answer to a ping."""
        self.send(0xC0, b"")
        found = False
        while True:
            kind, _ = self.next()
            if kind == 13:
                return found
            found = found or kind == 3


def main():
    job = json.loads(sys.argv[1])
    admin = Session(job, job["admin"])
    rows = []
    for user in job["users"]:
        for topic in job["topics"]:
            writes = Session(job, user).publish(topic)
            reader = Session(job, user)
            subscribed = reader.subscribe(topic)
            assert admin.publish(topic), topic
            rows.append([user["name"], topic, writes, subscribed and reader.received()])
    print(json.dumps(rows))


main()
