// The lab's Postfix: submission for the senders, a relay port that asks nothing, and the MX of the
// leads' domains, which answers as the recipient's name wishes. Loopback only, no DNS.
import fs from "node:fs";

import type { Certificate, LabCertificates } from "./mail-lab-certificates.ts";
import type { LabPlan } from "./mail-lab-plan.ts";
import { LAB_HOST } from "./mail-lab-ports.ts";
import { type ServerProcess, spawnServer } from "./mail-lab-process.ts";

const DAEMON_DIRS = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix"];
const QUEUE_DIRS =
  "active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public";

/** Where Postfix keeps its daemons, or null where it is not installed. */
export function findPostfixDaemons(): string | null {
  return DAEMON_DIRS.find((dir) => fs.existsSync(`${dir}/master`)) ?? null;
}

/** What `postqueue -c` wants. */
export function postfixConfigDir(dir: string): string {
  return `${dir}/etc/postfix`;
}

/** Writes everything that Postfix reads, and its empty queue. */
export function writePostfix(plan: LabPlan, certificates: LabCertificates): void {
  const etc = postfixConfigDir(plan.dir);
  fs.mkdirSync(etc, { recursive: true });
  const files: Record<string, string> = {
    "main.cf": mainConfig(plan),
    "master.cf": masterConfig(plan),
    mailboxes: plan.accounts.map((a) => `${a.email} ok\n`).join(""),
    domains: [...plan.sender_domains, ...plan.lead_domains].map((d) => `${d} ok\n`).join(""),
    transport: transports(plan),
    mx_access: MX_REPLIES,
    submit_access: SENDER_REPLIES,
    "server.pem": chain(certificates.server),
    "expired.pem": chain(certificates.expired),
    "wrong-host.pem": chain(certificates.wrong_host),
    "ca.pem": certificates.ca_pem,
  };
  // Postfix reads a file again until it is two seconds old (load_file.c): dated back, it starts at once.
  const an_hour_ago = Date.now() / 1000 - 3600;
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(`${etc}/${name}`, content, { mode: content.includes("KEY") ? 0o600 : 0o644 });
    fs.utimesSync(`${etc}/${name}`, an_hour_ago, an_hour_ago);
  }
  makeQueue(plan.dir);
}

/** Starts Postfix as `postfix start` does, without its slow checks in shell. */
export function startPostfix(dir: string): ServerProcess {
  const etc = postfixConfigDir(dir);
  return spawnServer({
    command: [`${findPostfixDaemons()}/master`, "-c", etc],
    cwd: `${dir}/queue`,
    log_path: `${dir}/log/postfix-start.log`,
    env: { MAIL_CONFIG: etc, MAIL_LOGTAG: "postfix" },
  });
}

function makeQueue(dir: string): void {
  const queue = `${dir}/queue`;
  const postfix = idOf("/etc/passwd", "postfix");
  const postdrop = idOf("/etc/group", "postdrop");
  const shared_modes: Record<string, number> = { maildrop: 0o730, public: 0o710 };
  fs.mkdirSync(`${queue}/pid`, { recursive: true });
  fs.mkdirSync(`${dir}/postfix-state`);
  fs.chownSync(`${dir}/postfix-state`, postfix, 0);
  for (const name of QUEUE_DIRS.split(" ")) {
    const mode = shared_modes[name];
    fs.mkdirSync(`${queue}/${name}`);
    fs.chmodSync(`${queue}/${name}`, mode ?? 0o700);
    fs.chownSync(`${queue}/${name}`, postfix, mode === undefined ? 0 : postdrop);
  }
}

/** Both files have the number in the third field. */
function idOf(file: "/etc/passwd" | "/etc/group", name: string): number {
  const line = fs.readFileSync(file, "utf8").match(new RegExp(`^${name}:[^:]*:(\\d+):`, "m"));
  if (line === null) throw new Error(`no ${name} in ${file}`);
  return Number(line[1]);
}

function chain(certificate: Certificate): string {
  return certificate.key_pem + certificate.cert_pem;
}

function transports({ dir, ports, sender_domains, lead_domains }: LabPlan): string {
  const mx = `smtp:[${LAB_HOST}]:${ports.mx}`;
  const by_mx = [...lead_domains, "tempfail.test", "reject.test", "blocked.test"];
  return `${sender_domains.map((d) => `${d} lmtp:unix:${dir}/run/lmtp\n`).join("")}
${by_mx.map((d) => `${d} ${mx}\n`).join("")}
down.test smtp:[${LAB_HOST}]:1
blackhole.test smtp:[${LAB_HOST}]:${ports.blackhole}
nxdomain.test error:5.4.4 Host or domain name not found. Name service error for name=nxdomain.test type=AAAA: Host not found
nullmx.test error:5.1.10 Recipient address rejected: Domain nullmx.test does not accept mail (nullMX)
`;
}

// What the MX of the leads says, by recipient.
const MX_REPLIES = `/^rc-([45][0-9][0-9])-([245])\\.([0-9]+)\\.([0-9]+)@/  $1 $2.$3.$4 Lab reply $2.$3.$4 for you
/@tempfail\\.test$/          450 4.2.0 Greylisted, please try again in 300 seconds
/@blocked\\.test$/           554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.dnsbl.example; https://dnsbl.example/query/ip/127.0.0.1
/^gmail-nouser@/           550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.
/^gmail-inactive@/         550 5.2.1 The email account that you tried to reach is inactive.
/^gmail-full@/             452 4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to clear space.
/^gmail-dmarc@/            550 5.7.26 Unauthenticated email from sender.test is not accepted due to domain's DMARC policy.
/^gmail-rate@/             421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.
/^o365-nouser@/            550 5.4.1 Recipient address rejected: Access denied. [AM6EUR05FT052.eop-eur05.prod.protection.outlook.example]
/^o365-spam@/              550 5.7.509 Access denied, sending domain SENDER.TEST does not pass DMARC verification
/^yahoo-nouser@/           554 5.7.9 delivery error: dd This user doesn't have a yahoo account
/^yahoo-defer@/            421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred due to unexpected volume or user complaints
/^spamcontent@/            550 5.7.1 Message rejected as spam by content filtering
/@reject\\.test$/            550 5.1.1 Recipient address rejected: User unknown
`;

// What submission says, by sender.
const SENDER_REPLIES = `/^dailylimit@/   550 5.4.5 Daily user sending limit exceeded. For more information on sending limits see your provider's help page
/^ratelimit@/    451 4.7.1 Too many messages, slow down (rate limit for this mailbox)
`;

function mainConfig({ dir, settings }: LabPlan): string {
  const etc = postfixConfigDir(dir);
  return `compatibility_level = 3.6
config_directory = ${etc}
queue_directory = ${dir}/queue
data_directory = ${dir}/postfix-state
daemon_directory = ${findPostfixDaemons()}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${dir}/log/postfix.log
maillog_file_prefixes = ${dir}/log
syslog_name = postfix
inet_interfaces = ${LAB_HOST}
inet_protocols = ipv4
myhostname = smtp.sender.test
mydomain = sender.test
myorigin = sender.test
mydestination =
mynetworks = 127.0.0.0/8
local_transport = error:5.1.1 no local delivery
local_recipient_maps =
alias_maps =
alias_database =
notify_classes =
biff = no
append_dot_mydomain = no
recipient_delimiter = +
smtp_host_lookup = native
disable_dns_lookups = yes
smtp_dns_support_level = disabled
virtual_mailbox_domains = texthash:${etc}/domains
virtual_mailbox_maps = texthash:${etc}/mailboxes
virtual_transport = lmtp:unix:${dir}/run/lmtp
transport_maps = texthash:${etc}/transport
default_transport = error:5.4.4 Host or domain name not found
message_size_limit = ${settings.size_limit_bytes}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
maximal_queue_lifetime = ${settings.queue_lifetime_s}s
bounce_queue_lifetime = ${settings.queue_lifetime_s}s
delay_warning_time = ${settings.delay_warning_s}s
minimal_backoff_time = ${settings.backoff_s}s
maximal_backoff_time = ${settings.backoff_s * 2}s
queue_run_delay = ${settings.backoff_s}s
transport_retry_time = ${settings.backoff_s}s
# default 60s (300s for 4xx from error/retry): keep dead-destination throttling short
smtp_connect_timeout = 3s
smtp_helo_timeout = 5s
smtp_tls_security_level = may
smtp_tls_CAfile = ${etc}/ca.pem
lmtp_destination_recipient_limit = 1
lmtp_destination_concurrency_limit = 20
default_process_limit = 200
in_flow_delay = 0
# submission processes die while Dovecot is stopped; the default keeps the port dead for 60 s after
service_throttle_time = 1s
smtpd_tls_chain_files = ${etc}/server.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_session_cache_database =
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${dir}/run/sasl
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = no
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_policy_service_default_action = DUNNO
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_reject_unlisted_recipient = no
smtpd_timeout = 60s
smtputf8_enable = yes
strict_rfc821_envelopes = yes
`;
}

function smtpd(port: number, ...options: string[]): string {
  return `${LAB_HOST}:${port} inet n - n - - smtpd${options.map((o) => ` -o ${o}`).join("")}\n`;
}

function masterConfig({ dir, ports }: LabPlan): string {
  const etc = postfixConfigDir(dir);
  const submission = [
    "syslog_name=postfix/submission",
    "smtpd_sasl_auth_enable=yes",
    `smtpd_recipient_restrictions=check_sender_access,regexp:${etc}/submit_access,permit_sasl_authenticated,reject`,
    "mynetworks=",
    "smtpd_client_restrictions=",
  ];
  const tls = [...submission, "smtpd_tls_wrappermode=yes"];
  const policy = `check_policy_service,inet:${LAB_HOST}:${ports.policy}`;
  return [
    smtpd(ports.smtp_relay, "smtpd_sasl_auth_enable=no"),
    smtpd(ports.smtp_starttls, ...submission, "smtpd_tls_auth_only=yes"),
    smtpd(ports.smtp_tls, ...tls),
    smtpd(ports.smtp_tls_expired, ...tls, `smtpd_tls_chain_files=${etc}/expired.pem`),
    smtpd(ports.smtp_tls_wrong_host, ...tls, `smtpd_tls_chain_files=${etc}/wrong-host.pem`),
    smtpd(
      ports.mx,
      "syslog_name=postfix/mx",
      "myhostname=mx.lead.test",
      "smtpd_reject_unlisted_recipient=yes",
      `smtpd_recipient_restrictions=check_recipient_access,regexp:${etc}/mx_access,reject_unlisted_recipient,${policy},reject_unauth_destination`,
      `content_filter=lmtp:unix:${dir}/run/lmtp`,
    ),
    MASTER_SERVICES,
  ].join("");
}

const MASTER_SERVICES = `pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
postlog   unix-dgram n  -       n       -       1       postlogd
`;
