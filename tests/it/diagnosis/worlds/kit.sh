#!/usr/bin/env bash
# Makes in the current folder the certificates and lists that worlds are broken with. `ca` is the folder's own authority
# and `twin` one of the same name; both are given. Nothing here is made by mqsec.
set -euo pipefail

cat >openssl.cnf <<'CNF'
[ca]
default_ca = it
[it]
database = index
new_certs_dir = issued
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
[any]
commonName = optional
organizationName = optional
[req]
distinguished_name = name
[name]
CNF
mkdir issued
: >index

at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
usual=("$(at '-1 day')" "$(at '+30 days')") over=("$(at '-30 days')" "$(at '-246 hours')") early=("$(at '+246 hours')" "$(at '+30 days')")

no_identifiers=$'subjectKeyIdentifier=none\nauthorityKeyIdentifier=none'
identifiers=$'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
authority=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'$identifiers
leaf=$'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n'$identifiers
names=subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
server=$leaf$'\nextendedKeyUsage=serverAuth\n'
client=$leaf$'\nextendedKeyUsage=clientAuth\n'

# One key serves every certificate of a curve; what differs is what the certificates say.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa1024.key 2>/dev/null

request() { # NAME SUBJECT KEY
  [[ -e $1.key ]] || cp "$3" "$1.key"
  openssl req -new -config openssl.cnf -key "$1.key" -subj "$2" -out "$1.csr"
}

issue() { # NAME ISSUER EXTENSIONS [FROM TO [ARGUMENTS OF openssl ca]]
  local name=$1 issuer=$2 extensions=$3 from=${4:-${usual[0]}} to=${5:-${usual[1]}}
  shift $(($# < 5 ? $# : 5))
  [[ -e $name.csr ]] || request "$name" "/CN=${subject:-localhost}" ec.key
  openssl ca -config openssl.cnf -batch -notext -in "$name.csr" -cert "$issuer.crt" -keyfile "$issuer.key" \
    -startdate "$from" -enddate "$to" -extfile <(echo "$extensions") -out "$name.crt" "$@" 2>/dev/null
}

self_signed() { # NAME SUBJECT EXTENSIONS
  request "$1" "$2" ec.key
  openssl ca -config openssl.cnf -selfsign -batch -notext -in "$1.csr" -keyfile "$1.key" \
    -startdate "${usual[0]}" -enddate "${usual[1]}" -extfile <(echo "$3") -out "$1.crt" 2>/dev/null
}

crl() { # NAME ISSUER [FROM TO]
  openssl ca -config openssl.cnf -gencrl -cert "$2.crt" -keyfile "$2.key" -out "$1.crl" \
    -crl_lastupdate "${3:-${usual[0]}}" -crl_nextupdate "${4:-${usual[1]}}" 2>/dev/null
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

for name in other upper lower; do new_key $name; done
self_signed other '/CN=Other Authority' "$authority"
request upper /CN=Upper ec.key && issue upper ca "$authority"
request lower /CN=Lower ec.key && issue lower upper "$authority"

# the broker's side
issue server-good ca "$server$names"
issue server-other other "$server$names"
issue server-twin twin "$server$names"
issue server-expired ca "$server$names" "${over[@]}"
issue server-early ca "$server$names" "${early[@]}"
issue server-elsewhere ca "$server"subjectAltName=DNS:broker.lan
issue server-no-address ca "$server"subjectAltName=DNS:localhost
issue server-address-as-name ca "$server"subjectAltName=DNS:localhost,DNS:127.0.0.1
issue server-nameless ca "$server"
issue server-client-role ca "$client$names"
issue server-authority ca "${authority/,keyCertSign/,digitalSignature,keyCertSign}"$'\n'"$names"
self_signed server-self-signed /CN=localhost "${server/authorityKeyIdentifier=keyid/}$names"
issue server-chain lower "$server$names"
cp server-chain.crt server-alone.crt
for chain in "alone lower upper" "alone upper lower" "lower upper alone" "alone"; do
  for part in $chain; do cat "${part/alone/server-alone}.crt"; done >"server-chain-${chain// /-}.crt"
  cp ec.key "server-chain-${chain// /-}.key"
done
new_key stranger
request server-rsa1024 /CN=localhost rsa1024.key && issue server-rsa1024 ca "$server$names"
issue server-sha1 ca "$server$names" "${usual[@]}" -md sha1

# the client's side
subject="admin"
issue client-good ca "$client"
issue client-expired ca "$client" "${over[@]}"
issue client-early ca "$client" "${early[@]}"
issue client-other other "$client"
issue client-twin twin "$client"
issue client-twin-no-id twin "${client/$identifiers/$no_identifiers}"
issue client-server-role ca "$server$names"
self_signed client-self-signed /CN=admin "${client/authorityKeyIdentifier=keyid/}"
new_key client-mismatch && issue client-mismatch ca "$client" && cp ec.key client-mismatch.key
issue client-alone upper "$client"
cat client-alone.crt upper.crt >client-chain.crt && cp ec.key client-chain.key
request client-no-name /O=Home ec.key && issue client-no-name ca "$client"
request client-rsa1024 /CN=admin rsa1024.key && issue client-rsa1024 ca "$client"
issue client-sha1 ca "$client" "${usual[@]}" -md sha1
issue client-revoked ca "$client"

# lists
crl ca-expired ca "${over[@]}"
crl ca-early ca "${early[@]}"
crl ca ca
crl upper upper
crl other other
openssl ca -config openssl.cnf -revoke client-revoked.crt -cert ca.crt -keyfile ca.key 2>/dev/null
crl ca-revoked ca
