/**
 * Makes a program count which of its blocks run: one counter at the head of each function, branch, loop and case.
 *
 * @module
 */
import ts from 'typescript';

/** What the instrumented program reads the counters from. */
export const COUNTERS = '__fuzzCounters';

/** A program with counters in it. */
export interface Instrumented {
  readonly text: string;
  /** For each counter, the source file that its block is of. */
  readonly files: readonly string[];
  /** Texts and numbers that the sources name: what a parser compares with. */
  readonly words: readonly (string | number)[];
}

/** esbuild writes above each module which one it is. */
const MODULE_LINE = /^\s*\/\/ ([\w@./-]+\.[cm]?[jt]s)$/gmu;
/** Arithmetic, whose blocks say nothing of what is parsed, and take long to count. */
const UNCOUNTED = /^node_modules\/(?:tweetnacl|@noble)\//u;
/** Longer texts are messages for people. */
const WORD_CHARACTERS = 40;

/** @param bundle one script, as esbuild makes it, with its comments. */
export function instrument(bundle: string): Instrumented {
  const modules = [...bundle.matchAll(MODULE_LINE)].map((match) => ({ at: match.index, file: match[1] ?? '' }));
  const source = ts.createSourceFile('bundle.cjs', bundle, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
  const marker = new Marker((at) => modules.findLast((module) => module.at <= at)?.file ?? '');
  const { transformed } = ts.transform(source, [(context) => (file) => marker.mark(file, context)]);
  const [marked = source] = transformed;
  const text = ts.createPrinter({ removeComments: true }).printFile(marked);
  return { text: `const ${COUNTERS} = globalThis.${COUNTERS};\n${text}`, files: marker.files, words: [...marker.words] };
}

class Marker {
  readonly files: string[] = [];
  readonly words = new Set<string | number>();
  readonly #fileAt: (at: number) => string;

  constructor(fileAt: (at: number) => string) {
    this.#fileAt = fileAt;
  }

  mark(file: ts.SourceFile, context: ts.TransformationContext): ts.SourceFile {
    const visit = (node: ts.Node): ts.Node => {
      this.#note(node);
      return this.#counted(node, ts.visitEachChild(node, visit, context));
    };
    return ts.visitEachChild(file, visit, context);
  }

  #note(node: ts.Node): void {
    if (!this.#isOurs(node)) return;
    if (ts.isStringLiteral(node) && node.text.length > 0 && node.text.length <= WORD_CHARACTERS) this.words.add(node.text);
    if (ts.isNumericLiteral(node)) this.words.add(Number(node.text));
  }

  #isOurs(node: ts.Node): boolean {
    return node.pos >= 0 && this.#fileAt(node.pos).startsWith('src/');
  }

  /** @param old says where it was. @param node the same, its children counted. */
  #counted(old: ts.Node, node: ts.Node): ts.Node {
    if (old.pos >= 0 && UNCOUNTED.test(this.#fileAt(old.pos))) return node;
    const { factory } = ts;
    const count = () => this.#count(old);
    const expression = (one: ts.Expression) => factory.createParenthesizedExpression(factory.createComma(count(), one));
    const block = (one: ts.Statement) => factory.createBlock([factory.createExpressionStatement(count()), one], true);
    if (ts.isBlock(node)) return factory.updateBlock(node, this.#headed(old, node.statements));
    if (ts.isCaseClause(node)) return factory.updateCaseClause(node, node.expression, this.#headed(old, node.statements));
    if (ts.isDefaultClause(node)) return factory.updateDefaultClause(node, this.#headed(old, node.statements));
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      return factory.updateArrowFunction(node, node.modifiers, node.typeParameters, node.parameters, node.type, node.equalsGreaterThanToken, expression(node.body));
    }
    if (ts.isConditionalExpression(node)) {
      return factory.updateConditionalExpression(node, node.condition, node.questionToken, expression(node.whenTrue), node.colonToken, expression(node.whenFalse));
    }
    if (ts.isBinaryExpression(node) && isShortCircuit(node.operatorToken.kind)) return factory.updateBinaryExpression(node, node.left, node.operatorToken, expression(node.right));
    if (ts.isIfStatement(node)) {
      const otherwise = node.elseStatement === undefined ? factory.createBlock([factory.createExpressionStatement(count())]) : block(node.elseStatement);
      return factory.updateIfStatement(node, node.expression, block(node.thenStatement), otherwise);
    }
    return node;
  }

  #headed(old: ts.Node, statements: ts.NodeArray<ts.Statement>): ts.Statement[] {
    const directives = statements.findIndex((one) => !(ts.isExpressionStatement(one) && ts.isStringLiteral(one.expression)));
    const at = directives === -1 ? statements.length : directives;
    return [...statements.slice(0, at), ts.factory.createExpressionStatement(this.#count(old)), ...statements.slice(at)];
  }

  #count(node: ts.Node): ts.Expression {
    const { factory } = ts;
    const index = this.files.push(node.pos < 0 ? '' : this.#fileAt(node.pos)) - 1;
    return factory.createPostfixIncrement(factory.createElementAccessExpression(factory.createIdentifier(COUNTERS), index));
  }
}

function isShortCircuit(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken || kind === ts.SyntaxKind.QuestionQuestionToken;
}
