/** YAML 1.1's float and int as PyYAML resolves them (lib/yaml/resolver.py), written for the tests alone. */
const FLOAT =
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;

/** What PyYAML makes of a plain scalar. */
export function pyyamlType(source: string): 'int' | 'float' | 'other' {
  return INT.test(source) ? 'int' : FLOAT.test(source) ? 'float' : 'other';
}
