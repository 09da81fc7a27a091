"""Reads texts for the fuzzer: one JSON object a line in, one a line out."""
import ast, datetime, json, math, re, sys

try:
    import yaml
except ImportError:
    yaml = None
try:
    import tomllib
except ImportError:
    tomllib = None


def shown(v):
    if isinstance(v, dict):
        return {'m': [[k if isinstance(k, str) else repr(k), shown(x)] for k, x in v.items()]}
    if isinstance(v, (list, tuple)):
        return [shown(x) for x in v]
    if isinstance(v, bool) or v is None or isinstance(v, str):
        return v
    if isinstance(v, int):
        return {'i': str(v)}
    if isinstance(v, float):
        return {'f': repr(v)}
    return {'o': type(v).__name__}


if yaml:
    def reader(base):
        class Reader(base):
            def construct_mapping(self, node, deep=False):
                self.flatten_mapping(node)
                out = {}
                for key, value in node.value:
                    # A key by its text: 1 and "1" are one name to whoever reads settings by name.
                    self.construct_object(key, deep=True).__hash__()
                    name = key.value if isinstance(key, yaml.ScalarNode) else '?'
                    out[name] = self.construct_object(value, deep=True)
                return out

        def unknown(self, suffix, node):
            if isinstance(node, yaml.MappingNode):
                return self.construct_mapping(node, deep=True)
            if isinstance(node, yaml.SequenceNode):
                return self.construct_sequence(node, deep=True)
            return node.value

        def mapping(self, node):
            data = {}
            yield data
            data.update(self.construct_mapping(node))

        Reader.add_constructor('tag:yaml.org,2002:map', mapping)
        Reader.add_multi_constructor('!', unknown)
        Reader.add_multi_constructor('tag:example.com', unknown)
        return Reader

    FAST, SLOW = reader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)), reader(yaml.SafeLoader)


def read_yaml(text, slow):
    return [v for v in yaml.load_all(text, SLOW if slow else FAST) if v is not None]


BARE = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.S)
LAST = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.S)


def read_json(text, slow):
    bare = BARE.sub(lambda m: m[1] or ' ', text.lstrip('\ufeff'))
    return [json.loads(LAST.sub(lambda m: m[1] or ' ', bare))]


def read_toml(text, slow):
    return [tomllib.loads(text.lstrip('\ufeff'))]


class Thing:
    """Stands for whatever a config calls or imports."""

    def __init__(self, name):
        self.__dict__['name'] = name

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return Thing(self.name + '.' + name)

    def __call__(self, *args, **named):
        return Call(named)


class Call(dict):
    def __hash__(self):
        return id(self)


class Names(dict):
    def __missing__(self, key):
        if key in BUILTINS or key.startswith('__'):
            raise KeyError(key)
        return Thing(key)


BUILTINS = {k: __builtins__.__dict__[k] for k in ('dict', 'list', 'tuple', 'range', 'len', 'max', 'min', 'int', 'float', 'str', 'sum', 'print', 'abs', 'round', '__build_class__', 'set')}
BUILTINS['__import__'] = lambda name, *a, **k: Thing(name)


def read_python(text, slow):
    text = text.lstrip('\ufeff')
    names = Names({'__builtins__': BUILTINS, '__name__': 'config'})
    exec(compile(ast.parse(text), 'config', 'exec'), names, names)
    own = {}
    for k, v in names.items():
        if k.startswith('__') or isinstance(v, Thing) or callable(v) and not isinstance(v, type):
            continue
        own[k] = {a: b for a, b in vars(v).items() if not a.startswith('__')} if isinstance(v, type) else v
    return [own]


READ = {'yaml': read_yaml, 'json': read_json, 'toml': read_toml, 'python': read_python}

for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = {'v': [shown(v) for v in READ[ask['format']](ask['text'], ask.get('slow'))]}
    except RecursionError:
        answer = {'e': 'recursion'}
    except Exception as error:
        answer = {'e': type(error).__name__ + ': ' + str(error)[:300]}
    try:
        out = json.dumps(answer)
    except (ValueError, RecursionError) as error:
        out = json.dumps({'e': 'not shown: ' + str(error)})
    print(out, flush=True)
