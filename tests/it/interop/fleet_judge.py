"""Judges what a fleet issue left: WORKSPACE FOLDER LIST. Every device once and whole, its key with its certificate, its password
with its line; no device too many, and no leftovers. Prints what is wrong; prints nothing where nothing is."""

import base64
import collections
import csv
import hashlib
import json
import os
import re
import ssl
import stat
import subprocess
import sys

workspace, folder, listed = map(os.path.abspath, sys.argv[1:4])
wrong = []


def check(fine, what):
    if not fine:
        wrong.append(what)


def read(path):
    with open(os.path.join(workspace, path), encoding="utf-8") as file:
        return file.read()


def same(found, expected, what):
    """Every name exactly once."""
    counts = collections.Counter(found)
    twice = [name for name, count in counts.items() if count > 1]
    check(not twice, f"{what} twice: {len(twice)}, as {twice[:3]}")
    missing, more = set(expected) - set(counts), set(counts) - set(expected)
    check(not missing, f"{what} missing: {len(missing)}, as {sorted(missing)[:3]}")
    check(not more, f"{what} too many: {len(more)}, as {sorted(more)[:3]}")


with open(listed, encoding="utf-8") as file:
    rows = {row["name"]: row for row in csv.DictReader(file)}
with_password = {name for name, row in rows.items() if row["password"]}
with_topics = {name for name, row in rows.items() if row["topics"]}

devices = os.listdir(folder)
same(devices, rows, "folders")

issued = [line.split("\t") for line in read("certs/inventory.tsv").splitlines() if line.startswith("issued\t")]
clients = {words[3]: words for words in issued if words[2] == "client"}
same([words[3] for words in issued if words[2] == "client"], rows, "rows of the inventory")
same([words[1] for words in issued], {words[1] for words in issued}, "serials")
same([line.split("\t")[1] for line in read("certs/fleet.tsv").splitlines()], rows, "lines of the roster")

hashes = dict(line.split(":", 1) for line in read("config/mosquitto.passwd").splitlines())
same([line.split(":")[0] for line in read("config/mosquitto.passwd").splitlines()], with_password | {"admin"}, "logins")

sections, user = [], None
topics = collections.defaultdict(list)
for line in read("config/mosquitto.acl").splitlines():
    if line.startswith("user "):
        user = line[5:]
        sections.append(user)
    elif line.startswith("topic "):
        topics[user].append(line[6:])
same(sections, with_topics | {"admin"}, "sections of the ACL")
for name in with_topics:
    check(topics[name] == [rows[name]["topics"].replace("{name}", name)], f"topics of {name}: {topics[name]}")
check(topics["admin"] == ["readwrite #"], f"topics of admin: {topics['admin']}")

certificates = []
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
for name in sorted(set(devices) & set(rows)):
    path = lambda end: os.path.join(folder, name, f"{name}.{end}")
    expected = {f"{name}.crt", f"{name}.chain.crt", f"{name}.key"}
    expected |= {f"{name}.login.json"} if name in with_password else set()
    expected |= {rows[name]["profile"]} if rows[name]["profile"] else set()
    found = set(os.listdir(os.path.join(folder, name)))
    if found != expected:
        wrong.append(f"files of {name}: {sorted(found)}")
        continue
    for profile in filter(None, [rows[name]["profile"]]):
        check(os.listdir(os.path.join(folder, name, profile)), f"{name}: {profile} is empty")
    modes = {end: stat.S_IMODE(os.stat(path(end)).st_mode) for end in ("crt", "chain.crt", "key")}
    check(modes == {"crt": 0o644, "chain.crt": 0o644, "key": 0o600}, f"modes of {name}: {modes}")
    try:
        # OpenSSL compares the key with the certificate
        context.load_cert_chain(path("crt"), path("key"))
        about = ssl._ssl._test_decode_cert(path("crt"))
    except ssl.SSLError as error:
        wrong.append(f"{name}: {error}")
        continue
    certificates.append(path("crt"))
    with open(path("crt"), encoding="ascii") as one, open(path("chain.crt"), encoding="ascii") as two:
        text = one.read()
        check(text == two.read(), f"{name}: the chain is another")
    check((("commonName", name),) in about["subject"], f"{name}: the certificate is of {about['subject']}")
    noted = clients.get(name, [""] * 9)
    check(about["serialNumber"].lstrip("0") == noted[1].lstrip("0"), f"{name}: the inventory has another serial")
    body = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", text, re.S).group(1)
    check(hashlib.sha256(base64.b64decode(body)).hexdigest() == noted[8], f"{name}: another fingerprint")
    if name in with_password and name in hashes:
        check(stat.S_IMODE(os.stat(path("login.json")).st_mode) == 0o600, f"mode of the login of {name}")
        with open(path("login.json"), encoding="utf-8") as file:
            login = json.load(file)
        _, _, rounds, salt, value = hashes[name].split("$")
        mine = hashlib.pbkdf2_hmac("sha512", login["password"].encode(), base64.b64decode(salt), int(rounds))
        check(login["username"] == name and mine == base64.b64decode(value), f"{name}: the password is another")

for at in range(0, len(certificates), 500):
    some = certificates[at : at + 500]
    said = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", os.path.join(workspace, "certs/ca.crt"), *some],
                          capture_output=True, text=True, check=False)
    check(said.returncode == 0 and said.stdout.count(": OK") == len(some), f"openssl: {said.stderr[:500]}")

left = os.listdir(os.path.join(workspace, ".mqsec/fleet"))
check(left == ["lock"], f"left in .mqsec/fleet: {left}")
for where in (workspace, os.path.dirname(workspace)):
    parts = [name for name in os.listdir(where) if name.endswith(".part")]
    check(not parts, f"left: {parts}")
print("\n".join(wrong[:20]), end="")
