import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "./definition.js";
import { installed } from "./installed.js";

/** Makes a fresh self-signed EC P-256 certificate with OpenSSL. @param address of the server, beside those of loopback */
export function makeCertificate(folder: string, address: string): Certificate {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = new Set(["DNS:localhost", "IP:127.0.0.1", "IP:::1", `IP:${address}`]);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
  const cert = ["-subj", "/CN=localhost", "-addext", `subjectAltName=${[...names].join(",")}`, "-days", "2"];
  execFileSync(installed("openssl") as string, ["req", "-x509", ...key, ...cert, "-out", certFile], { stdio: "pipe" });
  const bothFile = join(folder, "both.pem");
  writeFileSync(bothFile, readFileSync(certFile, "utf8") + readFileSync(keyFile, "utf8"));
  return { keyFile, certFile, bothFile };
}
