#!/usr/bin/env bash
# Installs the real servers and tools that the interop tests and the bench use, from Debian's packages.
# Does nothing when all of them are there. Starts no service.
set -euo pipefail

packages=()
# need PACKAGE FILE-OR-PROGRAM: the package is wanted when the program, or the file, is missing.
need() {
  case "$2" in
    /*) [ -e "$2" ] || packages+=("$1") ;;
    *) PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$2" >/dev/null || packages+=("$1") ;;
  esac
}
need memcached memcached
need redis-server redis-server
need redis-tools redis-benchmark
need nginx nginx
need haproxy haproxy
need apache2 apache2
need caddy caddy
need h2o h2o
need nghttp2-server nghttpd
need nghttp2-client h2load
need etcd-server etcd
need python3-grpcio /usr/lib/python3/dist-packages/grpc/__init__.py
need ngtcp2-server gtlsserver
need ngtcp2-client gtlsclient
need knot-dnsutils kdig
need chromium chromium
need libngtcp2-dev /usr/include/ngtcp2/ngtcp2.h
need libngtcp2-crypto-gnutls-dev /usr/include/ngtcp2/ngtcp2_crypto_gnutls.h
need libgnutls28-dev /usr/include/gnutls/gnutls.h
need curl curl
need openssl openssl
need iproute2 tc
need sockperf sockperf
need tshark tshark
need tcptrace tcptrace
need tcpdump tcpdump
need gcc gcc
need libc6-dev /usr/include/stdio.h
need util-linux setpriv

if [ ${#packages[@]} -eq 0 ]; then
  echo "peers: all installed"
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "peers: ${packages[*]} missing, and this machine has no apt-get: install them with its own package manager" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "peers: ${packages[*]} missing; run scripts/peers.sh as root or where sudo needs no password" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

# Debian starts a service when its package is installed, unless this policy says no (invoke-rc.d(8): 101, not allowed).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

install_packages() {
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
}
echo "peers: installing ${packages[*]}"
if ! install_packages; then
  echo "peers: failed once, trying again"
  sleep 5
  install_packages || { echo "peers: could not install ${packages[*]}; apt-get says why above" >&2; exit 1; }
fi
echo "peers: installed ${packages[*]}"
