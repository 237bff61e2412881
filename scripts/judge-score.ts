// `bun scripts/judge-score.ts [--json]`: how well replies are judged: confusion matrix, precision and recall for each
// meaning and language, what `unsure` covers. Of texts that the model has not seen, else by cross-validation.

import { type Score, scoreAll } from "./meaning-score.ts";

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
const pad = (text: string | number, width = 9): string => String(text).padStart(width);

function matrix({ confusion }: Score): string {
  const names = Object.keys(confusion);
  const head = `${"".padEnd(20)}${names.map((name) => pad(name.slice(0, 8))).join("")}`;
  const rows = names.map(
    (name) =>
      `${name.padEnd(20)}${names.map((said) => pad(confusion[name]?.[said] ?? 0)).join("")}`,
  );
  return [head, ...rows].join("\n");
}

function show(score: Score): string {
  return [
    `${score.name}: ${score.texts} texts`,
    `right: ${percent(score.accuracy)} of all (an unsure answer counts by its best category)`,
    `sure: ${percent(score.sure.coverage)} of all, ${percent(score.sure.accuracy)} of them right`,
    `opt-outs: recall ${percent(score.opt_out.recall)}, precision ${percent(score.opt_out.precision)}`,
    `by rule: ${percent(score.rule.coverage)} of all, ${percent(score.rule.accuracy)} of them right`,
    "",
    "rows: what it is; columns: what imail says",
    matrix(score),
    "",
    ...score.by_category.map(
      ({ name, precision, recall, texts }) =>
        `${name.padEnd(20)} precision ${pad(percent(precision))}  recall ${pad(percent(recall))}  of ${texts}`,
    ),
    "",
    ...score.by_language.map(
      ({ name, accuracy, sure, texts }) =>
        `${name}  right ${pad(percent(accuracy))}  sure ${pad(percent(sure))}  of ${texts}`,
    ),
    ...(process.argv.includes("--wrong") ? ["", ...score.wrong] : []),
  ].join("\n");
}

const scores = scoreAll();
process.stdout.write(
  process.argv.includes("--json")
    ? `${JSON.stringify(scores.map((score) => ({ ...score, wrong: undefined })))}\n`
    : `${scores.map(show).join("\n\n")}\n`,
);
