// The body of an untracked mail, as it was fetched when somebody opened it. It is shown and kept nowhere.

export interface OpenedMail {
  /** The new text only, without quotes and signature. */
  text: string;
  /** All of its text, with what it quotes. */
  whole_text: string;
}
