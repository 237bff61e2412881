// What a person may change of a reply.

import type { OpenedMail } from "./opened-mail.ts";
import type { Category } from "./reply-categories.ts";

export interface ReplyChange {
  category: Category | null;
  /** Null: as it is. */
  read: boolean | null;
  /** Whose it is: of an untracked mail only. */
  attach: { lead_id: number | null; message_id: number | null } | null;
  /** The untracked mail as it was fetched; null where it is gone, or nothing is attached. */
  opened: OpenedMail | null;
  /** Who wants it: the public id of a key, or a user's. */
  by: string;
}
