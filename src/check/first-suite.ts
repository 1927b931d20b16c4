/** What `netlat init` writes: a suite that passes as it is, against the lab server, with the next steps as comments. */
export const FIRST_SUITE = `# A suite of netlat check: what is measured, and what must hold.
# Run it with: netlat check          Every key and word: docs/check.md
version: 1

# Options of all checks that know them, spelled as on the command line.
defaults:
  timeout: 2s

checks:
  # A probe opens real connections. Here the target is a lab server that netlat
  # starts itself; put your own in its place, such as
  # memcached://127.0.0.1:11211/key, redis://cache:6379/key or https://host/path
  - name: one write for each request
    probe: lab:memcached
    nagle: on        # like a client that does not set TCP_NODELAY
    split: none      # and writes each request with one call
    requests: 600    # p99 can be judged from 368 on
    expect:
      - errors == 0
      - findings nagle-delayed-ack == 0
      - p99 < 30ms

  # Several levels make several cells; where: picks some of them.
  - name: split requests need TCP_NODELAY
    probe: lab:memcached
    nagle: on,off
    split: fields    # like a client that writes field by field
    requests: 60
    expect:
      - errors == 0
      - where: nagle=off
        expect: p50 < 20ms
      # The stall that this gate is for: 40 ms, because Nagle's algorithm waits
      # for a delayed ACK. Turn this around once your client is fixed.
      - where: nagle=on
        expect: findings nagle-delayed-ack >= 1

  # The traffic of your own client, recorded in a test:
  #   tcpdump -i lo -w client.pcap port 11211
  # - name: our client
  #   pcap: client.pcap
  #   service: 11211
  #   expect:
  #     - findings == 0
  #     - p99 < 5ms

  # Not slower than last time: write the baseline with
  #   netlat check --update-baseline
  # and keep it in the repository.
  # - name: not slower than before
  #   probe: memcached://127.0.0.1:11211/key
  #   nagle: on
  #   split: none
  #   baseline: baselines/cache.json
  #   expect:
  #     - baseline p50 < +20%
`;
