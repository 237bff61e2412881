// Whether two spellings are one mailbox: what a lead is written to and what it answers from.

const DOTLESS = new Set(["gmail.com", "googlemail.com"]);

/** Without its plus tag (RFC 5233), and at Gmail without dots. Addresses that are no addresses equal nothing. */
export function isSameMailbox(one: string, other: string): boolean {
  const name = mailboxName(one);
  return name !== null && name === mailboxName(other);
}

function mailboxName(address: string): string | null {
  const at = address.lastIndexOf("@");
  if (at < 1) return null;
  const domain = address.slice(at + 1).toLowerCase();
  const tag = address.indexOf("+");
  const local = address.slice(0, tag > 0 && tag < at ? tag : at).toLowerCase();
  return DOTLESS.has(domain) ? `${local.replaceAll(".", "")}@gmail.com` : `${local}@${domain}`;
}
