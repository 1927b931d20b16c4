#!/usr/bin/env bash
# Records the traffic of a client while it works, for `netlat check` to judge. As root, or with the right to capture.
#   ./record.sh client.mjs captures/fixed.pcap
# Needs node, memcached and tcpdump. PORT: where memcached listens while it is recorded (11299).
set -euo pipefail
client=$1 capture=$2 port=${PORT:-11299}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

user=(); [ "$(id -u)" -ne 0 ] || user=(-u nobody)
memcached "${user[@]}" -l 127.0.0.1 -p "$port" -U 0 & server=$!
tcpdump --immediate-mode -U -i lo -w "$capture" "port $port" 2>"$capture.log" & recorder=$!
trap 'kill "$server" "$recorder" 2>/dev/null || true; wait; rm -f "$capture.log"' EXIT
until grep -q "listening on" "$capture.log" && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$server" "$recorder" || { cat "$capture.log" >&2; exit 1; }
  sleep 0.1
done

node "$here/$client" "127.0.0.1:$port" 60
sleep 0.5
kill -INT "$recorder"
wait "$recorder" || true
