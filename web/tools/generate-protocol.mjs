/**
 * Writes `src/protocol/generated.ts` from `docs/spec/protocol.schema.json`.
 *
 *     npm run generate             write it
 *     npm run generate -- --check  fail when it is not what the schema says
 *
 * Knows only the JSON schema that `tailrace.protocol.schema` writes. Fields with a default are
 * optional in what a client sends and always there in what the server sends; those that are not
 * required and have no default may be absent in both.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const schemaPath = fileURLToPath(new URL("../../docs/spec/protocol.schema.json", import.meta.url));
const targetPath = fileURLToPath(new URL("../src/protocol/generated.ts", import.meta.url));

/** @typedef {Record<string, any>} Schema */

/** @type {Record<string, Schema>} */
const definitions = JSON.parse(readFileSync(schemaPath, "utf8")).$defs;

/** @param {string} reference */
const nameOf = (reference) => reference.slice("#/$defs/".length);

/**
 * Every definition that `name` leads to.
 * @param {string} name
 * @param {Set<string>} found
 */
function reachable(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const references = JSON.stringify(definitions[name]).matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g);
  for (const reference of references) reachable(reference[1] ?? "", found);
  return found;
}

const fromServer = new Set(
  ["ServerFrame", "Record", "SessionState"].flatMap((name) => [...reachable(name)]),
);

/** @param {Schema} schema @returns {string} */
function typeOf(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum)
    return schema.enum.map((/** @type {unknown} */ v) => JSON.stringify(v)).join(" | ");
  if (schema.contentEncoding === "base64") return "Uint8Array";
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array": {
      const item = schema.items ? typeOf(schema.items) : "unknown";
      return item.includes(" ") ? `readonly (${item})[]` : `readonly ${item}[]`;
    }
    case "object":
      return `{ readonly [key: string]: ${schema.additionalProperties ? typeOf(schema.additionalProperties) : "unknown"} }`;
    default:
      return "unknown";
  }
}

/** @param {string | undefined} text @param {string} indent */
function commentOf(text, indent = "") {
  if (!text) return "";
  const lines = text.split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

/** @param {string} name @param {Schema} schema */
function declaration(name, schema) {
  const comment = commentOf(schema.description);
  if (schema.type !== "object") {
    const parts = schema.anyOf?.map(typeOf);
    const type = parts ? `\n  | ${parts.join("\n  | ")}` : ` ${typeOf(schema)}`;
    return `${comment}export type ${name} =${type};\n`;
  }
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([field, value]) => {
    const always = fromServer.has(name) && "default" in value;
    const optional = required.has(field) || always ? "" : "?";
    return `  readonly ${field}${optional}: ${typeOf(value)};\n`;
  });
  return `${comment}export interface ${name} {\n${fields.join("")}}\n`;
}

const text = [
  "// Written by `npm run generate` from docs/spec/protocol.schema.json. Do not edit.\n",
  ...Object.entries(definitions).map(([name, schema]) => declaration(name, schema)),
].join("\n");

if (process.argv.includes("--check")) {
  let found = "";
  try {
    found = readFileSync(targetPath, "utf8");
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
  }
  if (found !== text) {
    console.error("src/protocol/generated.ts is not what the schema says; run: npm run generate");
    process.exit(1);
  }
} else {
  writeFileSync(targetPath, text);
}
