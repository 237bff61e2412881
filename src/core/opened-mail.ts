// A mail of which only the envelope is kept, as it was fetched to be read once. Nothing of it is stored by looking.

export interface OpenedMail {
  /** The new text only. */
  text: string;
  /** Its Message-ID without brackets, or null. */
  header_id: string | null;
}
