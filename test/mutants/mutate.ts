/** Mutants: small changes of a source file, each of which a test should notice. */
import { parseAst } from "rolldown/parseAst";

/** One change. */
export interface Mutant {
  /** Where in the text, octets of UTF-16. */
  readonly start: number;
  readonly end: number;
  readonly instead: string;
  /** The line, from 1, and what stood there. */
  readonly line: number;
  readonly was: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** What stands for each operator, one mutant for each. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "/=": ["*="],
  "|=": ["&="],
  "&=": ["|="],
  "<<=": [">>="],
  ">>=": ["<<="],
};

/** Words and types, which are for people and for the compiler: nothing in them is changed. */
const LEFT = /^(?:TS|Import|ExportAll|TemplateElement|TemplateLiteral|TaggedTemplate)/;

/** All mutants of a text, in the order in which they stand there. */
export function mutantsOf(text: string): readonly Mutant[] {
  const lines = lineStarts(text);
  const found: Mutant[] = [];
  const add = (start: number, end: number, instead: string): void => {
    const was = text.slice(start, end);
    if (was !== instead) found.push({ start, end, instead, line: lineAt(lines, start), was });
  };
  visit(parseAst(text, { lang: "ts", astType: "ts" }) as unknown as Node, (node) => mutate(node, text, add));
  return found.toSorted((one, other) => one.start - other.start || one.end - other.end);
}

/** A text with one change. */
export function mutated(text: string, { start, end, instead }: Mutant): string {
  return text.slice(0, start) + instead + text.slice(end);
}

type Add = (start: number, end: number, instead: string) => void;

function mutate(node: Node, text: string, add: Add): void {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
      return mutateOperator(node, text, add);
    case "UnaryExpression":
      if (node["operator"] === "!" || node["operator"] === "-" || node["operator"] === "~")
        add(node.start, node.start + 1, " ");
      return;
    case "UpdateExpression":
      return add(node.start, node.end, text.slice(node.start, node.end).replaceAll(/\+\+|--/g, otherStep));
    case "Literal":
      return mutateLiteral(node, add);
    case "IfStatement":
    case "ConditionalExpression":
      return mutateTest(node["test"] as Node, add);
    case "WhileStatement":
      return add((node["test"] as Node).start, (node["test"] as Node).end, "false");
    case "ExpressionStatement":
      return mutateStatement(node, add);
    default:
  }
}

function mutateOperator(node: Node, text: string, add: Add): void {
  const operator = node["operator"] as string;
  const [left, right] = [node["left"] as Node, node["right"] as Node];
  const at = text.indexOf(operator, left.end);
  if (at < 0 || at >= right.start) return;
  for (const instead of OPERATORS[operator] ?? []) add(at, at + operator.length, instead);
}

function otherStep(step: string): string {
  return step === "++" ? "--" : "++";
}

function mutateLiteral(node: Node, add: Add): void {
  const { value } = node as { readonly value?: unknown };
  if (typeof value === "boolean") add(node.start, node.end, `${!value}`);
  if (typeof value === "bigint") add(node.start, node.end, `${value + 1n}n`);
  if (typeof value === "number") add(node.start, node.end, value === 0 ? "1" : `(${value} + 1)`);
}

function mutateTest({ start, end }: Node, add: Add): void {
  add(start, end, "true");
  add(start, end, "false");
}

/** What is called for what it does is not called. */
function mutateStatement(node: Node, add: Add): void {
  const { type } = node["expression"] as Node;
  if (type === "CallExpression") add(node.start, node.end, ";");
}

function visit(node: Node, see: (node: Node) => void): void {
  if (LEFT.test(node.type)) return;
  see(node);
  for (const [field, value] of Object.entries(node)) {
    // The name of a field is no value of it.
    if (field === "key" && node["computed"] !== true) continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, see);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { readonly type?: unknown }).type === "string";
}

function lineStarts(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}

function lineAt(starts: readonly number[], position: number): number {
  return starts.findLastIndex((start) => start <= position) + 1;
}
