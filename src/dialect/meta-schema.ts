/** The JSON Schema of dialect schemas, made from the table of roles. */
import { Ajv2020, type AnySchemaObject, type ErrorObject } from 'ajv/dist/2020.js';
import { meant } from '../base/edit-distance.ts';
import { lookUp } from '../base/look-up.ts';
import { child, type Pointer, readable } from '../document/pointer.ts';
import { createAjv, inline, type Schema, type SchemaFiles, SPELLINGS } from './keywords.ts';
import { ROLES } from './roles.ts';
import { describe, type Fault, telling } from './schema-errors.ts';

const SENTENCE = { type: 'string', minLength: 1 };
const SUBSCHEMA = { $dynamicRef: '#meta' };

/** The libraries by whose names and defaults an optimizer can be read (src/optimizers/libraries.ts). */
const LIBRARIES = [
  'torch',
  'customary',
  'apex',
  'bitsandbytes',
  'hf',
  'axolotl',
  'composer',
  'maxtext',
  'olmo',
  'fairseq',
  'keras',
  'tf-model-garden',
  'llama-factory',
  'levanter',
  'deepspeed',
  'megatron',
  'nemo',
  'monai',
  'efficientvit',
  'ai-toolkit',
  'kohya',
  'onetrainer',
  'simpletuner',
  'sana',
  'diffusers',
  'diffusion-pipe',
  'prime-rl',
  'detectron2',
  'swin',
  'slowfast',
  'ultralytics',
  'timm',
  'paddle',
  'openpcdet',
  'deepmd',
  'ludwig',
  'opennmt',
  'espnet',
] as const;
export type LibraryName = (typeof LIBRARIES)[number];

/** An object with these fields and no others. */
function record(properties: Schema, required: readonly string[] = []) {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** An object of one of several kinds, told apart by one of its fields. */
function oneOfKinds(
  tag: string,
  kinds: Readonly<Record<string, { properties: Schema; required: readonly string[] }>>,
) {
  return {
    type: 'object',
    required: [tag],
    properties: { [tag]: { enum: Object.keys(kinds) } },
    allOf: Object.entries(kinds).map(([kind, { properties, required }]) => ({
      if: { properties: { [tag]: { const: kind } }, required: [tag] },
      then: record({ [tag]: true, ...properties }, required),
    })),
  };
}

const ROLE = oneOfKinds(
  'role',
  Object.fromEntries(
    Object.entries(ROLES).map(([name, { fields }]) => {
      const entries = Object.entries(
        fields as Record<string, { values?: object; type?: string; required?: true }>,
      );
      return [
        name,
        {
          properties: Object.fromEntries(
            entries.map(([field, { values, type }]) => [
              field,
              values ? { enum: Object.keys(values) } : { type },
            ]),
          ),
          required: entries.filter(([, { required }]) => required).map(([field]) => field),
        },
      ];
    }),
  ),
);

const ROLES_IN_ORDER = { items: { type: 'array', items: SUBSCHEMA, minItems: 1 } };
const counts = (least: number, most?: number) => ({
  properties: { of: { type: 'array', items: SENTENCE, minItems: least, ...(most && { maxItems: most }) } },
  required: ['of'],
});

/** What each keyword that rebatch adds to JSON Schema takes. */
const KEYWORDS = {
  role: ROLE,
  encoding: oneOfKinds('kind', {
    'tuple-string': { properties: ROLES_IN_ORDER, required: ['items'] },
    'kv-string': {
      properties: { fields: { type: 'object', additionalProperties: SUBSCHEMA } },
      required: ['fields'],
    },
    'time-string': { properties: ROLES_IN_ORDER, required: ['items'] },
  }),
  constraint: oneOfKinds('kind', {
    multiple: counts(2, 2),
    sum: counts(2),
    'batch-multiple': {
      ...counts(1, 1),
      properties: { ...counts(1, 1).properties, default: { type: 'integer' } },
    },
    'at-least': counts(2, 2),
  }),
  scope: { enum: ['optimizer'] },
  defaultFrom: { enum: ['optimizer'] },
  spelling: { enum: Object.keys(SPELLINGS) },
  assumes: { ...record({ optimizer: SENTENCE, decays: { enum: ['in the code'] } }), minProperties: 1 },
  note: SENTENCE,
  agrees: SENTENCE,
  forbidden: SENTENCE,
  detect: SUBSCHEMA,
  certain: SUBSCHEMA,
  dialect: record({
    name: SENTENCE,
    framework: SENTENCE,
    version: { type: 'string' },
    library: { enum: LIBRARIES },
    specializes: { type: 'array', items: SENTENCE },
    refuses: SENTENCE,
    floats: { enum: ['as PyYAML reads them', 'also without a dot'] },
    open: { const: true },
    companion: SENTENCE,
    sample: SENTENCE,
    tried: SENTENCE,
  }),
};

/** JSON Schema's own keywords as ajv knows them, and those above. */
const NAMES = Object.keys(createAjv({ standalone: false }).RULES.keywords).filter(
  (name) => name !== 'absent',
);

const META_SCHEMA: AnySchemaObject = {
  $id: 'dialect.meta.json',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $dynamicAnchor: 'meta',
  allOf: [{ $ref: 'https://json-schema.org/draft/2020-12/schema' }],
  propertyNames: { enum: NAMES },
  dependentRequired: { spelling: ['$ref'] },
  properties: KEYWORDS,
};

/**
 * What is wrong in a dialect's schema, each with its pointer: unknown keywords, values that a
 * keyword does not take, references to nothing.
 */
export function faultsOf(schema: Schema, files: SchemaFiles): Fault[] {
  const lost = lostReferences(schema, '', schema, files);
  if (lost.length) return lost;
  const validate = new Ajv2020({ allErrors: true, verbose: true, strict: false }).compile(META_SCHEMA);
  // A role beside a reference can only be judged together with the definition that it refines.
  if (validate(inline(schema, files))) return [];
  const errors = validate.errors!.filter(({ keyword }) => keyword !== 'propertyNames').map(atItsKey);
  return telling(errors).map((error) => ({
    pointer: error.instancePath,
    message: `${readable(error.instancePath)} ${sentence(error as ErrorObject)}`,
  }));
}

/** References to definitions that do not exist. @param root the schema whose own `#/$defs` are meant here */
function lostReferences(node: unknown, at: Pointer, root: Schema, files: SchemaFiles): Fault[] {
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const pointer = child(at, key);
    const [, file, name] = (key === '$ref' && /^([\w.-]*)#\/\$defs\/(\w+)$/.exec(String(value))) || [];
    if (name === undefined)
      return lostReferences(
        value,
        pointer,
        pointer === '/detect' || pointer === '/certain' ? (value as Schema) : root,
        files,
      );
    const names = Object.keys((file ? lookUp(files, file) : root)?.$defs ?? {});
    if (names.includes(name)) return [];
    const message = `${readable(pointer)} leads nowhere: ${file || 'the schema'} has no definition ${name}${meant(name, names)}`;
    return [{ pointer, message }];
  });
}

/** An error of a key, which ajv reports of the object around it. */
function atItsKey(error: ErrorObject): ErrorObject {
  const key = error.propertyName ?? (error.params as { additionalProperty?: string }).additionalProperty;
  return key === undefined ? error : { ...error, instancePath: child(error.instancePath, key) };
}

function sentence(error: ErrorObject): string {
  const { keyword, params, propertyName, data, parentSchema } = error;
  if (propertyName !== undefined) return `is not a keyword${meant(propertyName, NAMES)}`;
  if (keyword === 'required') return `lacks "${params.missingProperty}"`;
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema!.properties as object);
    return `is unknown here; allowed are ${known.join(', ')}${meant(params.additionalProperty, known)}`;
  }
  if (keyword !== 'enum') return describe(error);
  const allowed = params.allowedValues as readonly string[];
  const must = allowed.length === 1 ? `must be ${allowed[0]}` : describe(error);
  return `${must}, not ${JSON.stringify(data)}${meant(String(data), allowed)}`;
}
