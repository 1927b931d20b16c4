/**
 * The certificate of the lab's TLS servers, with its private key. BOTH ARE PUBLIC: they prove nothing about anybody and are
 * for the lab only, on localhost, 127.0.0.1 and ::1. Valid from 2024, so that a machine whose clock is late takes it too, to
 * 2124. Made with OpenSSL 3:
 *
 *   openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=netlat lab" -keyout key.pem -out lab.csr
 *   openssl ca -batch -config lab.cnf -selfsign -keyfile key.pem -in lab.csr -notext -out cert.pem \
 *     -startdate 20240101000000Z -enddate 21240101000000Z
 *
 * where lab.cnf has the extensions `basicConstraints = critical, CA:TRUE` and
 * `subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1`.
 */

/** PEM; self-signed, hence also the CA that a client of the lab has to trust. */
export const LAB_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgTCCASigAwIBAgIITkVUTEFUAAEwCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwK
bmV0bGF0IGxhYjAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowFTET
MBEGA1UEAwwKbmV0bGF0IGxhYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNqF
UWzbJM7jL9+RQnLZDN8SQwHAk54LbCGjxnipEyss8kFTEAINB+Cl44QmSGSNldiO
izST3ok4Cv9dfYUtyTmjYDBeMA8GA1UdEwEB/wQFMAMBAf8wLAYDVR0RBCUwI4IJ
bG9jYWxob3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB0GA1UdDgQWBBQ4J3Sm
ioxU9wRz1qclCyipvmPP0zAKBggqhkjOPQQDAgNHADBEAiBVDlN1CJ+95J6y8JKp
H1jpigNQNmsNnHEcik7QqJxmDgIgHgtPEqFi8aDHLbNkmVaNRtlD63lDPXWm4Z8A
jia0uC0=
-----END CERTIFICATE-----
`;

/** PEM, PKCS #8. Public on purpose, see above. */
export const LAB_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyL9rO2Eg/XToBYYy
LFwuhbXh4iYwZn1WcERpEKbP+cShRANCAATahVFs2yTO4y/fkUJy2QzfEkMBwJOe
C2who8Z4qRMrLPJBUxACDQfgpeOEJkhkjZXYjos0k96JOAr/XX2FLck5
-----END PRIVATE KEY-----
`;
