# SPDX-License-Identifier: Apache-2.0
"""docs/schemas, compiled: thousands of documents are held to them within seconds.

Checker(files)(name, document) yields what is wrong. Every object is closed (additionalProperties: false), so that every key is
documented. A document is checked by closures made of the keywords that docs/schemas use; any other keyword is refused when they are
made. What they refuse, and the first documents of each schema, python3-jsonschema judges too: if the two disagree, that is a fault."""
import collections, copy, glob, json, os, re

import jsonschema

FOLDER = 'docs/schemas/'
TWICE = 20  # documents of each schema that both judge


def files():
    return {os.path.basename(f)[:-5]: json.load(open(f, encoding='utf-8')) for f in sorted(glob.glob(FOLDER + '*.json'))}


def bundled(schema, all_files):
    """With what it refers to inside, so that nothing is fetched."""
    def local(x):
        if isinstance(x, list):
            return [local(v) for v in x]
        if not isinstance(x, dict):
            return x
        x = {k: local(v) for k, v in x.items() if k != '$id'}
        ref = x.get('$ref', '')
        if ref.startswith('common.json'):
            x['$ref'] = ref[len('common.json'):]
        elif '.json' in ref:
            name, _, at = ref.partition('.json')
            x['$ref'] = f'#/$defs/{name}{at.removeprefix("#")}'
            others.append(name)
        return x
    others = []
    out = local(copy.deepcopy(schema))
    out['$defs'] = local(all_files['common']['$defs'])
    while others:
        name = others.pop()
        if name not in out['$defs']:
            out['$defs'][name] = {k: v for k, v in local(all_files[name]).items() if k != '$schema'}
    return out


def closed(x):
    """No key beside those that are documented."""
    if isinstance(x, list):
        return [closed(v) for v in x]
    if not isinstance(x, dict):
        return x
    x = {k: closed(v) for k, v in x.items()}
    if isinstance(x.get('properties'), dict) and 'additionalProperties' not in x:
        x['additionalProperties'] = False
    return x


# ---- closures ----

IS = {'object': lambda v: isinstance(v, dict), 'array': lambda v: isinstance(v, list), 'string': lambda v: isinstance(v, str),
      'boolean': lambda v: isinstance(v, bool), 'null': lambda v: v is None,
      'number': lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
      'integer': lambda v: isinstance(v, int) and not isinstance(v, bool) or isinstance(v, float) and v.is_integer()}
WORDS = {'$schema', '$defs', 'title', 'description', 'examples'}


def compiled(schema, defs, made, where, seen):
    """A function that says whether a value is so. seen[where] counts the objects that were checked there."""
    if schema is True or schema == {}:
        return lambda v: True
    if schema is False:
        return lambda v: False
    parts = []
    for word, arg in schema.items():
        if word == '$ref':
            name = arg.removeprefix('#/$defs/')
            if name not in made:
                made[name] = None  # it may name itself
                made[name] = compiled(at_pointer(defs, name), defs, made, '$' + name, seen)
            parts.append(lambda v, name=name: made[name](v))
        elif word == 'type':
            kinds = [IS[t] for t in ([arg] if isinstance(arg, str) else arg)]
            parts.append(kinds[0] if len(kinds) == 1 else lambda v, kinds=kinds: any(k(v) for k in kinds))
        elif word == 'properties':
            parts.append(of_object(schema, defs, made, where, seen))
        elif word == 'required':
            parts.append(lambda v, arg=arg: not isinstance(v, dict) or all(k in v for k in arg))
        elif word == 'additionalProperties':
            if 'properties' not in schema:
                each = compiled(arg, defs, made, where + '/*', seen)
                parts.append(lambda v, each=each: not isinstance(v, dict) or all(map(each, v.values())))
        elif word == 'items':
            each = compiled(arg, defs, made, where + '/[]', seen)
            parts.append(lambda v, each=each: not isinstance(v, list) or all(map(each, v)))
        elif word == 'anyOf':
            some = [compiled(s, defs, made, where, seen) for s in arg]
            parts.append(lambda v, some=some: any(s(v) for s in some))
        elif word == 'const':
            parts.append(lambda v, arg=arg: v == arg and type(v) is type(arg))
        elif word == 'enum':
            parts.append(lambda v, arg=arg: any(v == a and type(v) is type(a) for a in arg))
        elif word == 'minimum':
            parts.append(lambda v, arg=arg: not IS['number'](v) or v >= arg)
        elif word == 'pattern':
            parts.append(lambda v, arg=re.compile(arg): not isinstance(v, str) or arg.search(v) is not None)
        elif word not in WORDS:
            raise ValueError(f'{where}: tests/schemas/schemas.py does not know the keyword {word}')
    return parts[0] if len(parts) == 1 else lambda v: all(p(v) for p in parts)


def at_pointer(x, pointer):
    for part in pointer.split('/'):
        x = x[part]
    return x


def of_object(schema, defs, made, where, seen):
    own = {k: compiled(s, defs, made, f'{where}/{k}', seen) for k, s in schema['properties'].items()}
    others = schema.get('additionalProperties', True)
    other = compiled(others, defs, made, where + '/*', seen)
    seen[where] += 0

    def check(v):
        if not isinstance(v, dict):
            return True
        seen[where] += 1
        return all(own[k](x) if k in own else other(x) for k, x in v.items())
    return check


class Checker:
    def __init__(self, all_files=None):
        all_files = all_files or files()
        self.counts, self.seen, self.judges, self.fast = collections.Counter(), {}, {}, {}
        for name, schema in all_files.items():
            jsonschema.Draft202012Validator.check_schema(schema)
            if name == 'common':
                continue
            whole = closed(bundled(schema, all_files))
            self.judges[name] = jsonschema.Draft202012Validator(whole)
            self.seen[name] = collections.Counter()
            self.fast[name] = compiled(whole, whole['$defs'], {}, '', self.seen[name])

    def __call__(self, name, document):
        """What is wrong with it, by lines; a name without a file is wrong, too."""
        if name not in self.fast:
            yield f'schema {name} has no file in {FOLDER}'
            return
        self.counts[name] += 1
        good = self.fast[name](document)
        if good and self.counts[name] > TWICE:
            return
        errors = list(self.judges[name].iter_errors(document))
        for e in errors[:2]:
            yield f'{name}: {"/".join(map(str, e.absolute_path))}: {e.message[:200]}'
        if good != (not errors):
            yield f'{name}: jsonschema and tests/schemas/schemas.py disagree: {len(errors)} errors, {good}'

    def element(self, name, member):
        """The same of one element of its list `member`: a document of its own, called name/member."""
        one = f'{name}/{member}'
        if one not in self.fast:
            whole = self.judges[name].schema
            alone = {**whole['properties'][member]['items'], '$defs': whole['$defs']}
            self.judges[one], self.seen[one] = jsonschema.Draft202012Validator(alone), collections.Counter()
            self.fast[one] = compiled(alone, alone['$defs'], {}, '', self.seen[one])
        return one

    def never_seen(self):
        """Objects within the schemas that no document had: their keys were held to nothing."""
        return {f'{name}: {where or "/"}' for name, seen in self.seen.items() for where, n in seen.items() if n == 0 and not re.match(r'\$[a-z-]+-1', where)}


def name_of(document):
    """plimsoll.status/1 is status-1.json."""
    schema = document.get('schema') if isinstance(document, dict) else None
    return schema.replace('plimsoll.', '').replace('/', '-') if isinstance(schema, str) else '(none)'
