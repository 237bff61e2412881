// SQL of where the links of mails lead. What stands in a template is kept once for all mails; a target with the lead's own
// words in it is kept with the mail, and is erased with the person.

import type { MailLink } from "../../core/step-mail.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";

/** What a message keeps of its links (messages.links), or null where it has none. */
export function keepLinks(tx: Tx, links: readonly MailLink[]): string | null {
  if (links.length === 0) return null;
  return JSON.stringify(
    links.map(({ target, is_shared }) => (is_shared ? keep(tx, target) : target)),
  );
}

function keep({ db }: Tx, target: string): number {
  const find = db.query<{ id: number }, [string]>("SELECT id FROM links WHERE target = ?");
  const known = find.get(target);
  if (known) return known.id;
  const add = db.query<{ id: number }, [string]>(
    "INSERT INTO links (target) VALUES (?) RETURNING id",
  );
  return add.get(target)?.id ?? 0;
}

/** Where the n-th link of a message leads; null when there is no such link, or the person was erased. */
export function findLinkTarget(
  { db }: Reading,
  { message_id, link }: { message_id: number; link: number },
): string | null {
  const row = db
    .query<{ links: string | null }, [number]>("SELECT links FROM messages WHERE id = ?")
    .get(message_id);
  const kept = row?.links ? readJson<(number | string)[]>(row.links)[link] : undefined;
  if (typeof kept !== "number") return kept ?? null;
  return (
    db.query<{ target: string }, [number]>("SELECT target FROM links WHERE id = ?").get(kept)
      ?.target ?? null
  );
}
