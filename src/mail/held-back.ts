// The mail as a stream that keeps its last byte until it is told: nodemailer writes the final dot only
// when this stream ends, so nothing is delivered before `letGo` (reliability.md 3.1).

import { Readable } from "node:stream";

const PIECE_BYTES = 64 * 1024;

export class HeldBack extends Readable {
  readonly #bytes: Buffer;
  readonly #onPiece: () => void;
  readonly #onLastByteLeft: () => void;
  #at = 0;
  #isLastByteLeft = false;

  /** `onPiece` runs whenever the connection asks for more, `onLastByteLeft` once, when only one byte is left. */
  constructor(bytes: Uint8Array, onPiece: () => void, onLastByteLeft: () => void) {
    super();
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#onPiece = onPiece;
    this.#onLastByteLeft = onLastByteLeft;
  }

  override _read(): void {
    const end = this.#bytes.length - 1;
    if (this.#at < end) {
      const piece = this.#bytes.subarray(this.#at, Math.min(this.#at + PIECE_BYTES, end));
      this.#at += piece.length;
      this.#onPiece();
      this.push(piece);
    } else if (!this.#isLastByteLeft) {
      this.#isLastByteLeft = true;
      this.#onLastByteLeft();
    }
  }

  /** The last byte and the end, in one synchronous step. */
  letGo(): void {
    this.push(this.#bytes.subarray(-1));
    this.push(null);
  }
}
