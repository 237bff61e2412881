// Quoted-printable of UTF-8 text (RFC 2045 6.7): lines of at most 76 characters, CRLF at each line end.

const LINE = 76;

/** The text with any line ends, encoded, ending in CRLF. */
export function encodeQuotedPrintable(text: string): string {
  const lines = text.toWellFormed().replace(/\r\n?/g, "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return `${lines.map(encodeLine).join("\r\n")}\r\n`;
}

/** What stands for itself wherever it is, but for a dot and an `F` at the start. */
const AS_IS = /^[\t -<>-~]*$/;

function encodeLine(line: string): string {
  const is_plain = AS_IS.test(line) && !line.startsWith("From") && !/[\t ]$/.test(line);
  return is_plain ? foldPlain(line) : encodeBytes(Buffer.from(line));
}

/** Most lines of most mails: nothing to encode but a dot at the start of a line. */
function foldPlain(line: string): string {
  if (line.length < LINE && !line.startsWith(".")) return line;
  let out = "";
  for (let at = 0; at < line.length;) {
    const starts_with_dot = line[at] === ".";
    const width = starts_with_dot ? LINE - 3 : LINE - 1;
    if (at > 0) out += "=\r\n";
    out += starts_with_dot ? `=2E${line.slice(at + 1, at + width)}` : line.slice(at, at + width);
    at += width;
  }
  return out;
}

function encodeBytes(bytes: Uint8Array): string {
  let out = "";
  let width = 0;
  for (let at = 0; at < bytes.length; at++) {
    const piece = pieceOf(bytes[at] ?? 0, at, bytes);
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
