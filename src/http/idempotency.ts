// The same POST twice is one effect: the answer is stored in the transaction of the effect, under the caller's key and
// the Idempotency-Key, and a retry gets it again (reliability.md A14). Answers of 400 and above are not stored: what
// was refused had no effect. A request that was killed runs again, and its route sees to it that this adds nothing.

import { createHash } from "node:crypto";

import { AppError, FAULTS } from "../core/faults.ts";
import { deriveKey, seal, type SealedPlace, unseal } from "../core/sealing.ts";
import { type AnswerName, dropUnfinished, findAnswer, putAnswer } from "../ledger/answers.ts";
import type { Control } from "../ledger/control.ts";
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readJson } from "../ledger/row.ts";
import type { Asked, Caller } from "./caller.ts";
import type { EncodedAnswer } from "./encode.ts";
import type { Once } from "./once.ts";

const MAX_KEY = 256;
/** Larger requests are imports: their answers count and name nobody. */
const MAX_SEARCHED = 64 * 1024;

/** The header's key, or null where there is none. Throws where it is none that we take. */
export function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key === null) return null;
  if (key.length > MAX_KEY || !/^[\x20-\x7e]+$/.test(key)) {
    const message = `Idempotency-Key must have 1 to ${MAX_KEY} printable ASCII characters`;
    throw new AppError("invalid_field", message, { field: "Idempotency-Key" });
  }
  return key;
}

/** What was asked, in 32 bytes: SHA-256 of method, path with query, and body. */
export function readAsked(request: Request, path: string, body: Uint8Array): Asked {
  const head = `${request.method} ${path}\n`;
  const fingerprint = createHash("sha256").update(head).update(body).digest();
  const text = body.length > MAX_SEARCHED ? "" : Buffer.from(body).toString("utf8");
  return { fingerprint, text: head + text };
}

/** A request to be done once. */
export interface OnceOrder {
  caller: Caller;
  key: string;
  asked: Asked;
  /** `Authorization` as it came: what is stored is sealed with it, for a new key is shown once and lies nowhere. */
  authorization: string | null;
  /** Where its effect stands. */
  store: Store;
  /** Where else the same Idempotency-Key may have been used. */
  other: Store;
}

type Store = Ledger | Control;

/** Encodes what the route has returned. */
type Encode = (value: unknown) => EncodedAnswer;

export interface Register {
  /** The stored answer, or null where it is to be done. Throws `idempotency_mismatch`, `idempotency_in_progress`. */
  find(order: OnceOrder): EncodedAnswer | null;
  /** Runs `work` and stores its answer, in one transaction. */
  together(order: OnceOrder, work: () => unknown, encode: Encode): EncodedAnswer;
  /** Runs `work`, which waits, and stores its answer at the latest after it. */
  waiting(
    order: OnceOrder,
    work: (once: Once) => Promise<unknown>,
    encode: Encode,
  ): Promise<EncodedAnswer>;
}

const nameOf = ({ caller, key }: OnceOrder): AnswerName => ({
  key_id: caller.key_id,
  idempotency_key: key,
});

/** Opens the register of what is at work and what was answered. */
export function openRegister(control: Control, session_key: Uint8Array): Register {
  const room = { control, session_key };
  const at_work = new Map<string, Uint8Array>();
  const put = (tx: Tx, order: OnceOrder, answer: EncodedAnswer) => {
    const { asked } = order;
    const people = peopleIn(`${asked.text}\n${answer.body ?? ""}`);
    const sealed = sealAnswer(room, order, answer);
    const stored = { fingerprint: asked.fingerprint, started: null, answer: sealed, people };
    if (answer.status < 400) putAnswer(tx, nameOf(order), stored, control.clock.now());
  };
  return {
    find(order) {
      const working = at_work.get(JSON.stringify(nameOf(order)));
      if (working) {
        throw new AppError(
          sameBytes(working, order.asked.fingerprint)
            ? "idempotency_in_progress"
            : "idempotency_mismatch",
        );
      }
      const now = control.clock.now();
      const found =
        findAnswer(order.store, nameOf(order), now) ?? findAnswer(order.other, nameOf(order), now);
      if (!found) return null;
      if (!sameBytes(found.fingerprint, order.asked.fingerprint)) {
        throw new AppError("idempotency_mismatch");
      }
      return found.answer === null ? null : openAnswer(room, order, found.answer);
    },
    together(order, work, encode) {
      return order.store.together((tx) => {
        const value = work();
        // Undone: what waits would go on without the transaction that it began in.
        if (value instanceof Promise)
          throw new Error("a route that waits must be an async function");
        const answer = encode(value);
        put(tx, order, answer);
        return answer;
      });
    },
    async waiting(order, work, encode) {
      const name = JSON.stringify(nameOf(order));
      at_work.set(name, order.asked.fingerprint);
      try {
        const kept: { answer: EncodedAnswer | null } = { answer: null };
        const keep = (tx: Tx, value: unknown) => {
          kept.answer = encode(value);
          put(tx, order, kept.answer);
          return kept.answer;
        };
        const value = await work(openOnce(control, order, keep));
        return kept.answer ?? order.store.write((tx) => keep(tx, value));
      } catch (error) {
        forget(order, error);
        throw error;
      } finally {
        at_work.delete(name);
      }
    },
  };
}

function openOnce(
  control: Control,
  order: OnceOrder,
  keep: (tx: Tx, value: unknown) => void,
): Once {
  const { store, asked } = order;
  const now = () => control.clock.now();
  return {
    remember(decide) {
      const started = findAnswer(store, nameOf(order), now())?.started ?? null;
      if (started !== null) return readJson(started);
      const value = decide();
      store.write((tx) => {
        const begun = { ...asked, started: JSON.stringify(value), answer: null };
        putAnswer(tx, nameOf(order), { ...begun, people: peopleIn(asked.text) }, now());
      });
      return value;
    },
    finish(work) {
      return store.together((tx) => {
        const value = work();
        keep(tx, value);
        return value;
      });
    },
  };
}

/** What was refused had no effect: it may be decided anew. After a bug nobody knows, so what was decided stays. */
function forget(order: OnceOrder, error: unknown): void {
  if (!(error instanceof AppError) || FAULTS[error.code].status >= 500) return;
  if (findAnswer(order.store, nameOf(order), 0) === null) return;
  order.store.write((tx) => {
    dropUnfinished(tx, nameOf(order));
  });
}

const sameBytes = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** Lead ids and e-mail addresses, so that erasing a person finds what names them. */
function peopleIn(text: string): string[] {
  const words = text.match(/lead_[0-9a-z]{11}|[^\s"<>()@,;:\\]+@[^\s"<>()@,;:\\]+/gi) ?? [];
  return [...new Set(words.map((word) => word.toLowerCase().replace(/\.+$/, "")))];
}

const placeOf = ({ caller, key }: OnceOrder): SealedPlace => ({
  table: "answers",
  row: caller.key_id,
  column: key,
});

/** What the answers of keys and of sessions are sealed with. */
interface Room {
  control: Control;
  /** Comes from the master key, which does not lie beside the answers. */
  session_key: Uint8Array;
}

/** A session's token is renewed while it lives, so its answers are sealed with the key of all sessions instead. */
function sealingKey({ session_key }: Room, { caller, authorization }: OnceOrder): Uint8Array {
  const root = caller.session === null ? Buffer.from(authorization ?? "", "utf8") : session_key;
  return deriveKey(root, "stored answers");
}

function sealAnswer(room: Room, order: OnceOrder, answer: EncodedAnswer): Uint8Array {
  const plain = Buffer.from(JSON.stringify(answer), "utf8");
  return seal(sealingKey(room, order), placeOf(order), plain, room.control.random);
}

function openAnswer(room: Room, order: OnceOrder, sealed: Uint8Array): EncodedAnswer {
  const plain = unseal(sealingKey(room, order), placeOf(order), sealed);
  if (plain === null) {
    const message =
      "This was done before the API key was rotated or the master key was changed, and its answer can only be read with the old one.";
    throw new AppError("idempotency_mismatch", message);
  }
  return readJson<EncodedAnswer>(Buffer.from(plain).toString("utf8"));
}
