// What no caller may ask of a mail port, the real one or the sandbox: refused before anything is done (M1).
import type { SendOrder } from "../core/mail-port.ts";

/** Throws a TypeError for an order whose envelope or bytes could be read in two ways. */
export function assertOrder(order: SendOrder): void {
  assertAddress("envelope.from", order.envelope.from);
  assertAddress("envelope.to", order.envelope.to);
  // Without CRLF at its end nodemailer adds one, and the bytes are not those that were frozen.
  const [cr, lf] = order.bytes.subarray(-2);
  if (cr !== 0x0d || lf !== 0x0a) throw new TypeError("bytes must end in CRLF");
}

/** Printable ASCII, one `@`, at most 254 bytes (RFC 5321 4.5.3.1.3): what nodemailer cannot read in two ways. */
function assertAddress(name: string, address: string): void {
  if (address.length > 254 || !/^[^\s@<>(),:;"\\[\]]+@[A-Za-z0-9.-]+$/.test(address)) {
    throw new TypeError(`${name} is not a plain address`);
  }
  // oxlint-disable-next-line no-control-regex
  if (!/^[\u0021-\u007e]+$/.test(address)) throw new TypeError(`${name} is not ASCII`);
}
