// The body of a mail as it goes over the wire: a dot more before each dot that begins a line (RFC 5321 4.5.2), so that
// no line of a mail can ever end it.

const LF = 0x0a;
const DOT = 0x2e;

/** The same bytes where no line begins with a dot, else a copy. A bare LF counts as a line end: some servers take it for one. */
export function dotStuffed(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer[0] !== DOT && !buffer.includes("\n.")) return buffer;
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = buffer.indexOf(DOT); at >= 0; at = buffer.indexOf(DOT, at + 1)) {
    if (at > 0 && buffer[at - 1] !== LF) continue;
    pieces.push(buffer.subarray(from, at), ONE_DOT);
    from = at;
  }
  pieces.push(buffer.subarray(from));
  return Buffer.concat(pieces);
}

const ONE_DOT = Buffer.from(".");
