/**
 * A rule of this house for the linter: no word of a user's or of the network's is looked up through a prototype. Every object has a
 * `constructor` and a `toString`, and what is found there is no row of ours.
 *
 * Told are `word in TABLE`, and `TABLE[word]` where the file declares the table, or calls it, a `Record` of any string, unless
 * `Object.hasOwn(TABLE, word)` has been asked in the same expression. `own()` of `src/wire/own.ts` asks it; a `Map` needs no asking.
 */

const IN = "Every object has a constructor: ask Object.hasOwn(), own() of src/wire/own.ts, or a Map.";

/** The type of a table that has a row for any string. */
const ANY_STRING = /\bRecord<string,/;

const foreignWords = {
  create(context) {
    const { sourceCode } = context;
    const tables = new Set();

    /** Whether an expression round the look-up has asked for the row. */
    function isAsked(node, table) {
      for (let outer = node.parent; outer !== null && outer !== undefined; outer = outer.parent) {
        if (outer.type === "ConditionalExpression" && sourceCode.getText(outer.test).includes(`hasOwn(${table},`))
          return true;
        if (outer.type === "LogicalExpression" && sourceCode.getText(outer.left).includes(`hasOwn(${table},`))
          return true;
        if (outer.type.endsWith("Statement") || outer.type.endsWith("Declaration")) return false;
      }
      return false;
    }

    return {
      Program({ body }) {
        for (const statement of body) {
          const declared = statement.declaration ?? statement;
          if (declared.type !== "VariableDeclaration") continue;
          for (const { id } of declared.declarations)
            if (id.type === "Identifier" && id.typeAnnotation && ANY_STRING.test(sourceCode.getText(id.typeAnnotation)))
              tables.add(id.name);
        }
      },
      BinaryExpression(node) {
        if (node.operator === "in" && node.left.type !== "Literal" && node.left.type !== "PrivateIdentifier")
          context.report({ node, message: IN });
      },
      MemberExpression(node) {
        const { object, property, computed } = node;
        if (!computed || property.type === "Literal") return;
        const name = object.type === "Identifier" ? object.name : null;
        const isTable =
          name === null
            ? object.type === "TSAsExpression" && ANY_STRING.test(sourceCode.getText(object.typeAnnotation))
            : tables.has(name);
        if (isTable && !(name !== null && isAsked(node, name))) context.report({ node, message: IN });
      },
    };
  },
};

export default { meta: { name: "house" }, rules: { "foreign-words": foreignWords } };
