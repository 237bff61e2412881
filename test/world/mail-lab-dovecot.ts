// The lab's Dovecot: mailboxes, logins for IMAP and for Postfix, LMTP with Sieve and quota.
// It listens on loopback only and writes nothing outside the lab's directory.
import fs from "node:fs";

import type { LabCertificates } from "./mail-lab-certificates.ts";
import { type LabPlan, MAIL_UID, mailHome } from "./mail-lab-plan.ts";
import { LAB_HOST, PLAINTEXT_HOST } from "./mail-lab-ports.ts";
import { type ServerProcess, spawnServer } from "./mail-lab-process.ts";

/** Writes everything that Dovecot reads. */
export function writeDovecot(plan: LabPlan, certificates: LabCertificates): void {
  const { dir } = plan;
  for (const sub of ["run", "state", "mail", "sieve", "etc/dovecot"]) {
    fs.mkdirSync(`${dir}/${sub}`, { recursive: true });
  }
  const etc = `${dir}/etc/dovecot`;
  fs.writeFileSync(`${etc}/server.pem`, certificates.server.cert_pem);
  fs.writeFileSync(`${etc}/server.key`, certificates.server.key_pem, { mode: 0o600 });
  fs.writeFileSync(`${etc}/users`, passwdFile(plan));
  fs.writeFileSync(`${etc}/oauth2.conf.ext`, oauthConfig(plan));
  const config = [mainConfig(plan), MAILBOXES, serviceConfig(plan), deliveryConfig(plan)];
  fs.writeFileSync(`${etc}/dovecot.conf`, config.join(""));
  for (const [name, script] of Object.entries(SIEVE_SCRIPTS)) {
    fs.writeFileSync(`${dir}/sieve/${name}.sieve`, script);
  }
  for (const sub of ["mail", "sieve"]) fs.chownSync(`${dir}/${sub}`, MAIL_UID, MAIL_UID);
}

/** Starts Dovecot; it is ready when its ports and its LMTP socket greet. */
export function startDovecot(dir: string): ServerProcess {
  return spawnServer({
    command: ["/usr/sbin/dovecot", "-F", "-c", dovecotConfigPath(dir)],
    cwd: `${dir}/run`,
    log_path: `${dir}/log/dovecot-start.log`,
    env: {},
  });
}

/** What `doveadm -c` wants. */
export function dovecotConfigPath(dir: string): string {
  return `${dir}/etc/dovecot/dovecot.conf`;
}

function passwdFile(plan: LabPlan): string {
  return plan.accounts
    .map((a) => {
      const home = mailHome(plan.dir, a.email);
      return `${a.email}:{PLAIN}${a.password}:${MAIL_UID}:${MAIL_UID}::${home}::${a.extra}\n`;
    })
    .join("");
}

function oauthConfig({ ports }: LabPlan): string {
  return `introspection_mode = post
introspection_url = http://${LAB_HOST}:${ports.oauth}/introspect
username_attribute = username
active_attribute = active
active_value = true
timeout_msecs = 3000
`;
}

function vacation(address: string, subject: string, text: string): string {
  const reply = text.replaceAll("\n", "\r\n");
  return `require ["vacation","vacation-seconds"];
vacation :seconds 0 :addresses ["${address}"]${subject} "${reply}";
keep;
`;
}

/** By name of the mailbox; "global" runs before all of them. */
const SIEVE_SCRIPTS: Record<string, string> = {
  global: `require ["fileinto"];
if anyof(header :is "X-Lab-Junk" "yes", header :contains "X-Spam" "Yes") { fileinto "Junk"; stop; }
`,
  "vacation@lead.test": vacation(
    "vacation@lead.test",
    "",
    "Thank you for your message. I am out of the office until 30 November and will read my mail when I am back.\n\nVera Cation",
  ),
  "vacation@other.test": vacation(
    "vacation@other.test",
    ' :subject "Abwesenheitsnotiz: Ihre Nachricht"',
    "Ich bin bis zum 30. November nicht im Büro. In dringenden Fällen wenden Sie sich bitte an zentrale@other.test.\n\nVera Kation",
  ),
  "forward@lead.test": `require ["copy"];\nredirect :copy "assistant@lead.test";\nkeep;\n`,
  "junk@lead.test": `require ["fileinto"];\nfileinto "Junk";\n`,
};

/** Logins are not cached: a token that has ended must be refused at once. */
function mainConfig({ dir, ports, settings }: LabPlan): string {
  return `protocols = imap lmtp
listen = ${LAB_HOST}
base_dir = ${dir}/run
state_dir = ${dir}/state
instance_name = imail-lab-${ports.imap_starttls}
log_path = ${dir}/log/dovecot.log
log_timestamp = "%Y-%m-%dT%H:%M:%S.%{usecs} "
auth_verbose = yes
ssl = yes
ssl_cert = <${dir}/etc/dovecot/server.pem
ssl_key = <${dir}/etc/dovecot/server.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = ${settings.auth_failure_delay_s} secs
auth_cache_size = 0
mail_uid = ${MAIL_UID}
mail_gid = ${MAIL_UID}
first_valid_uid = ${MAIL_UID}
last_valid_uid = ${MAIL_UID}
mail_location = maildir:~/Maildir
mailbox_list_index = yes
maildir_very_dirty_syncs = no
mail_max_userip_connections = ${settings.connections_per_user}
mail_plugins = quota
recipient_delimiter = +
submission_host = ${LAB_HOST}:${ports.smtp_relay}
hostname = mx.lead.test
quota_full_tempfail = no
lmtp_rcpt_check_quota = no
default_process_limit = 4000
default_client_limit = 12000
default_vsz_limit = 512M
shutdown_clients = yes
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u ${dir}/etc/dovecot/users
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${dir}/etc/dovecot/oauth2.conf.ext
}
userdb {
  driver = passwd-file
  args = username_format=%u ${dir}/etc/dovecot/users
}
`;
}

const MAILBOXES = `namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Junk {
    auto = subscribe
    special_use = \\Junk
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \\Drafts
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
  mailbox Archive {
    auto = subscribe
    special_use = \\Archive
  }
}
`;

function serviceConfig({ ports }: LabPlan): string {
  return `service imap-login {
  service_count = 0
  process_min_avail = 1
  process_limit = 4
  client_limit = 4000
  vsz_limit = 512M
  inet_listener imap {
    port = ${ports.imap_starttls}
  }
  inet_listener imaps {
    port = ${ports.imap_tls}
    ssl = yes
  }
  inet_listener imap_plain {
    address = ${PLAINTEXT_HOST}
    port = ${ports.imap_plaintext}
  }
}
service imap {
  process_limit = 4000
  process_min_avail = 0
  vsz_limit = 512M
}
service lmtp {
  process_min_avail = 1
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  process_min_avail = 0
}
`;
}

function deliveryConfig({ dir }: LabPlan): string {
  return `local ${PLAINTEXT_HOST} {
  ssl = no
}
protocol imap {
  mail_plugins = $mail_plugins imap_quota zlib imap_zlib
  imap_idle_notify_interval = 2 mins
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
  postmaster_address = postmaster@lead.test
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_max_mail_size = 0
  sieve = file:${dir}/sieve/%u.sieve
  sieve_before = ${dir}/sieve/global.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
  sieve_vacation_default_period = 0
  sieve_user_log = ${dir}/log/sieve.log
}
`;
}
