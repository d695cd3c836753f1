"""Logs in to a broker as an MQTT 3.1.1 client, with Python's ssl at its strictest.

Reads {"ca", "cert", "key", "attempts": [{"name", "port", "tls", "user", "password"}]} on standard input; prints a list
with the broker's return code of each attempt, or the text of the TLS error. "name" is whom the broker must prove to be;
the connection itself goes to "address" (default: name).
"""

import json
import socket
import ssl
import sys

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def context(job, version):
    made = ssl.create_default_context(cafile=job["ca"])
    made.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if version:
        made.minimum_version = made.maximum_version = VERSIONS[version]
    if job.get("cert"):
        made.load_cert_chain(job["cert"], job["key"])
    return made


def text(value):
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def connect_packet(user, password):
    body = b"\0\4MQTT\4\xc2\0\x3c" + text("login.py") + text(user) + text(password)
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (128 if size else 0)])
        if not size:
            return b"\x10" + length + body


def login(made, attempt):
    address = attempt.get("address", attempt["name"])
    with socket.create_connection((address, attempt["port"]), timeout=10) as plain:
        with made.wrap_socket(plain, server_hostname=attempt["name"]) as stream:
            assert attempt.get("tls") in (None, stream.version()[4:]), stream.version()
            stream.sendall(connect_packet(attempt["user"], attempt["password"]))
            answer = b""
            while len(answer) < 4:
                part = stream.recv(4 - len(answer))
                if not part:
                    return f"closed after {answer.hex()}"
                answer += part
            return answer[3] if answer[:2] == b"\x20\2" else answer.hex()


def main():
    job = json.load(sys.stdin)
    made = {version: context(job, version) for version in {a.get("tls") for a in job["attempts"]}}
    answers = []
    for attempt in job["attempts"]:
        try:
            answers.append(login(made[attempt.get("tls")], attempt))
        except OSError as error:
            answers.append(f"{type(error).__name__}: {error}")
    print(json.dumps(answers))


main()
