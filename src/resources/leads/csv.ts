// Reads leads from a CSV: which column is which field, by a table of the names that people and programs use. A column
// that is no field becomes a custom field. Header names are data: they are keys of a Map, never of an object that
// has a prototype (reliability.md A10).

import { AppError, type FaultDetail } from "../../core/faults.ts";
import { foldLetters } from "../../core/fold-words.ts";
import { type CsvRow, readCsv } from "../../http/csv.ts";
import type { LeadDraft } from "./schema.ts";

type Field = Exclude<keyof LeadDraft, "custom">;

/** Folded: lower case without accents, blanks and punctuation. */
const ALIASES: Record<Field, string> = {
  email:
    "email emailaddress emailadress emailaddresse emailadresse mail mailaddress mailadresse primaryemail workemail " +
    "businessemail contactemail personemail emailid correo correoelectronico courriel adressemail adresseemail " +
    "adresseelectronique indirizzoemail posta postaelettronica enderecodeemail eposta epost emailadres mailadres adresemail",
  first_name:
    "firstname first givenname forename fname vorname rufname prenom nombre nome voornaam imie primeironome prenume",
  last_name:
    "lastname last surname familyname lname nachname familienname zuname nomdefamille apellido apellidos cognome " +
    "achternaam nazwisko sobrenome nume",
  company:
    "company companyname companyforemails organization organisation organizationname organisationname account accountname " +
    "employer business firma firmenname unternehmen betrieb entreprise societe empresa azienda bedrijf bedrijfsnaam organisatie companie",
  title:
    "title jobtitle position role function jobrole designation positionstitel berufsbezeichnung stellenbezeichnung jobtitel " +
    "poste fonction cargo puesto ruolo functie stanowisko",
  phone:
    "phone phonenumber telephone telephonenumber tel mobile mobilephone mobilenumber cell cellphone workphone directphone " +
    "corporatephone telefon telefonnummer telefonnr rufnummer handy mobil mobilnummer mobiltelefon telephoneportable " +
    "telefono telefonomovil cellulare telefone telefoonnummer telefoon",
  website:
    "website web url homepage site companywebsite websiteurl companyurl domain companydomain webseite internetseite siteweb " +
    "sitioweb paginaweb sitointernet",
  country:
    "country countrycode countryname companycountry land landkurzel pays pais paese kraj tara",
  timezone: "timezone tz zeitzone fuseauhoraire zonahoraria fusoorario tijdzone",
  tags: "tags tag labels label schlagworte schlagworter etiketten etiquettes etiquetas",
  source: "source leadsource quelle herkunft origine fuente origem bron",
};

const isField = (name: string): name is Field => Object.hasOwn(ALIASES, name);
const FIELDS: ReadonlyMap<string, Field> = new Map(
  Object.entries(ALIASES).flatMap(([name, words]) =>
    isField(name) ? words.split(" ").map((word) => [word, name] as const) : [],
  ),
);

const FOLD_MOST = 100;

/** The field that a column's header means, or null. */
function fieldOf(header: string): Field | null {
  const folded = foldLetters(header.slice(0, FOLD_MOST)).replaceAll(/[^\p{L}\p{N}]+/gu, "");
  return FIELDS.get(folded) ?? null;
}

/** No JSON body may have these keys either. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** `Job Level` is the custom field `job_level`, so that a template can say `{{ job_level }}`. */
function customKey(header: string, column: number): string {
  const plain = header
    .trim()
    .replace(/^custom\./i, "")
    .toLowerCase();
  const key = plain.replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, "_").replaceAll(/^_+|_+$/g, "");
  if (key === "") return `column_${column + 1}`;
  return FORBIDDEN.has(key) ? `${key}_` : key;
}

interface Column {
  field: Field | null;
  key: string;
}

export interface CsvLead {
  line: number;
  /** A row as JSON would bring it, still to be checked; null with a fault. */
  row: unknown;
  /** What is wrong with the row as a row. */
  fault: FaultDetail | null;
}

/** The leads of a CSV in the order of the file, unchecked. An empty cell says nothing about its field. */
export async function readCsvLeads(bytes: Uint8Array): Promise<CsvLead[]> {
  const { header, rows } = await readCsv(bytes, (cell) => fieldOf(cell) === "email");
  const columns = header.map((cell, i) => ({ field: fieldOf(cell), key: customKey(cell, i) }));
  if (!columns.some(({ field }) => field === "email")) throw noEmail(header);
  if (rows.length === 0) throw refusal("The CSV has a header and no rows.");
  return rows.map((row) => {
    const fault = findExtraCells(columns, row);
    return { line: row.line, row: fault ? null : readCells(columns, row), fault };
  });
}

/** In a row that is too long nobody knows which cell is which. */
function findExtraCells(columns: readonly Column[], { cells }: CsvRow): FaultDetail | null {
  if (cells.slice(columns.length).every((cell) => cell.trim() === "")) return null;
  const message = `the row has ${cells.length} cells and the header ${columns.length}: put a cell that holds the delimiter in quotes`;
  return { field: "", message };
}

function refusal(message: string): AppError {
  return new AppError("invalid_field", message, {
    field: "email",
    details: [{ field: "email", message }],
  });
}

function noEmail(header: readonly string[]): AppError {
  const seen = header.map((cell) => cell.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 40));
  const shown = seen.slice(0, 20).join(", ");
  return refusal(
    `The CSV has no column for the e-mail address. Name it email in the first line, which is now: ${shown}`,
  );
}

function readCells(columns: readonly Column[], { cells }: CsvRow): unknown {
  const lead = new Map<string, unknown>();
  const custom = new Map<string, string>();
  for (const [i, { field, key }] of columns.entries()) {
    const text = cells[i]?.trim() ?? "";
    if (text === "") continue;
    // Of two columns with one meaning the first that is filled counts.
    if (field === null) custom.set(key, custom.get(key) ?? text);
    else if (!lead.has(field)) lead.set(field, field === "tags" ? splitTags(text) : text);
  }
  if (custom.size > 0) lead.set("custom", Object.fromEntries(custom));
  return Object.fromEntries(lead);
}

const splitTags = (text: string) =>
  text
    .split(/[,;|]/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
