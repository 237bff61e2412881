// A private certificate authority and three server certificates: a good one, an expired one and
// one for another host. Made once per test process: keys are the slow part of opening a lab.
import fs from "node:fs";
import os from "node:os";

import { runCommand } from "./mail-lab-process.ts";

export interface LabCertificates {
  ca_pem: string;
  server: Certificate;
  expired: Certificate;
  wrong_host: Certificate;
}

export interface Certificate {
  key_pem: string;
  cert_pem: string;
}

interface Leaf {
  name: string;
  alt_names: string;
  /** Both in days from now. */
  from_days: number;
  to_days: number;
}

const LAB_NAMES =
  "DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,DNS:*.sender.test,DNS:*.lead.test,DNS:*.other.test";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];

let made: Promise<LabCertificates> | null = null;

/** The lab's certificates; the same ones for all labs of this process. */
export function labCertificates(): Promise<LabCertificates> {
  made ??= makeCertificates();
  return made;
}

async function makeCertificates(): Promise<LabCertificates> {
  const dir = fs.mkdtempSync(`${os.tmpdir()}/imail-lab-ca-`);
  try {
    return await makeCertificatesIn(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

async function makeCertificatesIn(dir: string): Promise<LabCertificates> {
  const v3 = "[req]\ndistinguished_name=dn\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\n";
  fs.writeFileSync(`${dir}/req.cnf`, `${v3}keyUsage=critical,keyCertSign,cRLSign\n`);
  const config = ["-config", `${dir}/req.cnf`, "-extensions", "v3"];
  const files = ["-keyout", `${dir}/ca.key`, "-out", `${dir}/ca.pem`];
  const authority = ["openssl", "req", "-x509", ...NEW_KEY, ...files, ...config];
  await runCommand([...authority, "-days", "3650", "-subj", "/CN=imail mail lab"]);
  const valid = { from_days: -1, to_days: 800 };
  const [server, expired, wrong_host] = await Promise.all([
    makeLeaf(dir, { name: "server", alt_names: LAB_NAMES, ...valid }),
    makeLeaf(dir, { name: "expired", alt_names: LAB_NAMES, from_days: -30, to_days: -2 }),
    makeLeaf(dir, { name: "wrong-host", alt_names: "DNS:elsewhere.example", ...valid }),
  ]);
  return { ca_pem: fs.readFileSync(`${dir}/ca.pem`, "utf8"), server, expired, wrong_host };
}

async function makeLeaf(ca_dir: string, leaf: Leaf): Promise<Certificate> {
  const at = `${ca_dir}/${leaf.name}`;
  const subject = ["-subj", "/CN=localhost", "-addext", `subjectAltName=${leaf.alt_names}`];
  const request = ["openssl", "req", ...NEW_KEY, "-keyout", `${at}.key`, "-out", `${at}.csr`];
  await runCommand([...request, ...subject, "-config", `${ca_dir}/req.cnf`]);
  // `openssl ca` and its database only because `openssl x509` cannot date back before OpenSSL 3.4.
  fs.mkdirSync(`${at}.issued`);
  fs.writeFileSync(`${at}.issued/database`, "");
  fs.writeFileSync(
    `${at}.cnf`,
    `[ca]
default_ca=c
[c]
new_certs_dir=${at}.issued
database=${at}.issued/database
rand_serial=yes
default_md=sha256
policy=p
copy_extensions=copy
[p]
commonName=supplied
`,
  );
  const issuer = ["-cert", `${ca_dir}/ca.pem`, "-keyfile", `${ca_dir}/ca.key`];
  const dates = ["-startdate", asn1Time(leaf.from_days), "-enddate", asn1Time(leaf.to_days)];
  const files = ["-in", `${at}.csr`, "-out", `${at}.pem`];
  const issue = ["openssl", "ca", "-batch", "-notext", "-config", `${at}.cnf`];
  await runCommand([...issue, ...issuer, ...files, ...dates]);
  return {
    key_pem: fs.readFileSync(`${at}.key`, "utf8"),
    cert_pem: fs.readFileSync(`${at}.pem`, "utf8"),
  };
}

/** YYMMDDHHMMSSZ (RFC 5280 4.1.2.5.1). */
function asn1Time(days_from_now: number): string {
  const iso = new Date(Date.now() + days_from_now * 86_400_000).toISOString();
  return `${iso.replaceAll(/[-:T]/g, "").slice(2, 14)}Z`;
}
