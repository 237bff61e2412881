// Walks a parsed template: which variables it uses, and which of them a lead may lack.
import { Output, type Template, type Token, TypeGuards, Value } from "liquidjs";

export interface TemplateVariable {
  name: string;
  /** True when every use has a `default` or stands under a condition on this variable. */
  has_default: boolean;
}

type Use = (name: string, isOptional: boolean) => void;

/** The variables of a parsed template, each once, in order of appearance. */
export function variablesOf(templates: readonly Template[]): TemplateVariable[] {
  const uses = new Map<string, boolean>();
  walk(templates, new Set(), (name, isOptional) =>
    uses.set(name, isOptional && (uses.get(name) ?? true)),
  );
  return [...uses].map(([name, has_default]) => ({ name, has_default }));
}

/**
 * Lets `default` stand anywhere in a row of filters: Liquid itself forgives a missing variable only
 * when `default` comes first, and `{{ first_name | capitalize | default: "there" }}` is what people write.
 */
export function forgiveLateDefaults(templates: readonly Template[]): void {
  for (const template of templates) {
    if (template instanceof Output && hasDefault(template.value)) {
      const value = template.value;
      value.value = (context) => Value.prototype.value.call(value, context, true);
    }
    forgiveLateDefaults(childrenOf(template));
  }
}

function walk(templates: readonly Template[], guards: ReadonlySet<string>, use: Use): void {
  for (const template of templates) {
    if (template instanceof Output) {
      const isForgiven = hasDefault(template.value);
      namesIn(template.value, (name, isOptional) =>
        use(name, guards.has(name) || (isForgiven && isOptional)),
      );
      continue;
    }
    const asked = new Set(guards);
    for (const argument of template.arguments?.() ?? []) {
      namesIn(argument, (name) => {
        asked.add(name);
        use(name, true);
      });
    }
    walk(childrenOf(template), asked, use);
  }
}

/** Every name in a value; `isOptional` is false for the arguments of filters, which `default` does not cover. */
function namesIn(value: Value | Token, use: Use): void {
  if (!(value instanceof Value)) {
    namesInToken(value, (name) => use(name, true));
    return;
  }
  for (const token of value.initial.postfix) namesInToken(token, (name) => use(name, true));
  for (const filter of value.filters) {
    for (const argument of filter.args) {
      const token = Array.isArray(argument) ? argument[1] : argument;
      if (token !== undefined) namesInToken(token, (name) => use(name, false));
    }
  }
}

function namesInToken(token: Token, use: (name: string) => void): void {
  if (TypeGuards.isRangeToken(token)) {
    namesInToken(token.lhs, use);
    namesInToken(token.rhs, use);
  }
  if (!TypeGuards.isPropertyAccessToken(token)) return;
  const path: string[] = [];
  for (const part of token.props) {
    if ("content" in part) path.push(String(part.content));
    else namesInToken(part, use);
  }
  if (token.variable === undefined && path.length > 0) use(path.join("."));
}

function hasDefault(value: Value): boolean {
  return value.filters.some((filter) => filter.name === "default");
}

function childrenOf(template: Template): Template[] {
  const walker = template.children?.(false, true);
  if (walker === undefined) return [];
  let step = walker.next();
  while (step.done !== true) step = walker.next();
  return step.value;
}
