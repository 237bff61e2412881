// Quoted-printable of UTF-8 text (RFC 2045 6.7): lines of at most 76 characters, CRLF at each line end.

const LINE = 76;

/** The text with any line ends, encoded, ending in CRLF. */
export function encodeQuotedPrintable(text: string): string {
  const lines = text.toWellFormed().replace(/\r\n?/g, "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return `${lines.map(encodeLine).join("\r\n")}\r\n`;
}

function encodeLine(line: string): string {
  const bytes = Buffer.from(line);
  let out = "";
  let width = 0;
  for (const [at, byte] of bytes.entries()) {
    const piece = pieceOf(byte, at, bytes);
    // One column stays free for the `=` of a soft line break.
    if (width + piece.length > LINE - 1) {
      out += "=\r\n";
      width = 0;
    }
    // A dot that begins a line is escaped: SMTP stuffs it, and some servers forget to take it back.
    out += width === 0 && piece === "." ? "=2E" : piece;
    width += width === 0 && piece === "." ? 3 : piece.length;
  }
  return out;
}

function pieceOf(byte: number, at: number, line: Uint8Array): string {
  const isBlank = byte === 0x20 || byte === 0x09;
  if (isBlank && at === line.length - 1) return hex(byte);
  // `From ` at the start of a line becomes `>From ` in old mailboxes.
  if (at === 0 && byte === 0x46 && line[1] === 0x72 && line[2] === 0x6f && line[3] === 0x6d)
    return hex(byte);
  if (isBlank || (byte > 0x20 && byte < 0x7f && byte !== 0x3d)) return String.fromCharCode(byte);
  return hex(byte);
}

const HEX = Array.from(
  { length: 256 },
  (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`,
);

function hex(byte: number): string {
  return HEX[byte] ?? "";
}
