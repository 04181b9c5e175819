/**
 * What of a released schema no longer holds. Under a released version words may change and optional fields may come; whatever was valid
 * stays valid, and whatever was there stays there: stored events are read for ever (E4), and programs of others read them.
 */

/** Keywords that say less and less as they grow, and those that say less and less as they shrink. */
const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const EXACT = ['pattern', 'format', 'multipleOf', 'uniqueItems', 'propertyNames'];
const VARIANTS = ['anyOf', 'oneOf', 'allOf'];

/** Answers `{ path, kind, what }` for each break; none when programs that know `before` can read what `after` describes. */
export function breaksOf(before, after) {
  return new Comparison(before, after).between(before, after, '');
}

class Comparison {
  /** Pairs that are being compared: a schema may hold itself. */
  #open = new Set();

  constructor(before, after) {
    this.before = before;
    this.after = after;
  }

  between(before, after, path) {
    const pair = `${before?.$ref ?? path}|${after?.$ref ?? path}`;
    if ((before?.$ref || after?.$ref) && this.#open.has(pair)) return [];
    this.#open.add(pair);
    const [was, is] = [resolved(before, this.before), resolved(after, this.after)];
    if (typeof was === 'boolean' || typeof is === 'boolean')
      return was === is ? [] : [said(path, 'type-changed', 'is another thing')];
    return [
      ...kindBreaks(was, is, path),
      ...valueBreaks(was, is, path),
      ...this.#objectBreaks(was, is, path),
      ...this.#partBreaks(was, is, path),
      ...VARIANTS.flatMap(keyword => this.#variantBreaks(was[keyword], is[keyword], path)),
    ];
  }

  #objectBreaks(was, is, path) {
    const [required, isRequired] = [new Set(was.required), new Set(is.required)];
    const fields = Object.entries(was.properties ?? {}).flatMap(([name, schema]) => {
      const at = path === '' ? name : `${path}.${name}`;
      const now = is.properties?.[name];
      if (now === undefined) return [said(at, 'field-removed', 'is gone')];
      const always = [
        ...(required.has(name) && !isRequired.has(name)
          ? [said(at, 'required-dropped', 'need not be there any more')]
          : []),
        ...(!required.has(name) && isRequired.has(name) ? [said(at, 'required-added', 'has to be there now')] : []),
      ];
      return [...always, ...this.between(schema, now, at)];
    });
    const added = Object.keys(is.properties ?? {})
      .filter(name => was.properties?.[name] === undefined && isRequired.has(name))
      .map(name => said(path === '' ? name : `${path}.${name}`, 'required-added', 'is new, and has to be there'));
    return [...fields, ...added, ...this.#otherFields(was, is, path)];
  }

  #otherFields({ additionalProperties: was = true }, { additionalProperties: is = true }, path) {
    if (was === false) return [];
    if (is === false) return [said(path, 'closed', 'allows no other fields any more')];
    if (was === true) return is === true ? [] : [said(path, 'closed', 'allows only some other fields now')];
    return is === true ? [] : this.between(was, is, `${path}.*`);
  }

  #partBreaks(was, is, path) {
    const items = was.items && is.items ? this.between(was.items, is.items, `${path}[]`) : [];
    const places = (was.prefixItems ?? []).flatMap((schema, at) =>
      is.prefixItems?.[at]
        ? this.between(schema, is.prefixItems[at], `${path}[${at}]`)
        : [said(`${path}[${at}]`, 'field-removed', 'is gone')],
    );
    const narrowed = !was.items && is.items ? [said(`${path}[]`, 'tightened', 'is of one kind only now')] : [];
    return [...items, ...places, ...narrowed];
  }

  /** Each variant must still be there; more of them may come. */
  #variantBreaks(was = [], is = [], path) {
    if (was.length === 0 || is.length === 0) return []; // that one of both has variants is said as a change of kind
    const lost = was.filter(one => !is.some(other => this.#fits(one, other, path)));
    return lost.map(one => said(path, 'variant-removed', `is never ${named(one)} any more`));
  }

  #fits(one, other, path) {
    const open = new Set(this.#open);
    const fits = this.between(one, other, path).length === 0;
    this.#open = open;
    return fits;
  }
}

function kindBreaks(was, is, path) {
  const [kind, now] = [kindOf(was), kindOf(is)];
  return kind === now ? [] : [said(path, 'type-changed', `was ${kind}, is ${now}`)];
}

function kindOf(schema) {
  const variants = VARIANTS.find(keyword => schema[keyword]);
  if (variants) return 'one of several';
  if (schema.enum || 'const' in schema) return typeof (schema.enum?.[0] ?? schema.const);
  return Array.isArray(schema.type) ? [...schema.type].sort().join(' or ') : (schema.type ?? 'anything');
}

function valueBreaks(was, is, path) {
  const [values, now] = [valuesOf(was), valuesOf(is)];
  const gone = now ? (values ?? []).filter(value => !now.includes(value)) : [];
  const narrowed =
    gone.length > 0
      ? [said(path, 'enum-narrowed', `is never ${gone.map(value => JSON.stringify(value)).join(', ')} any more`)]
      : [];
  const listed = !values && now ? [said(path, 'enum-narrowed', 'is one of a list now')] : [];
  const bounds = [
    ...LOWER_BOUNDS.filter(keyword => (is[keyword] ?? -Infinity) > (was[keyword] ?? -Infinity)),
    ...UPPER_BOUNDS.filter(keyword => (is[keyword] ?? Infinity) < (was[keyword] ?? Infinity)),
    ...EXACT.filter(
      keyword => is[keyword] !== undefined && JSON.stringify(is[keyword]) !== JSON.stringify(was[keyword]),
    ),
  ];
  return [
    ...narrowed,
    ...listed,
    ...bounds.map(keyword => said(path, 'tightened', `has another ${keyword}, which less fits`)),
  ];
}

function valuesOf(schema) {
  return schema.enum ?? ('const' in schema ? [schema.const] : undefined);
}

function resolved(schema, root) {
  if (schema?.$ref === undefined) return schema;
  if (schema.$ref === '#') return root;
  return schema.$ref
    .slice(2)
    .split('/')
    .reduce((value, name) => value[name], root);
}

function named(schema) {
  const values = valuesOf(schema);
  return values
    ? values.map(value => JSON.stringify(value)).join(', ')
    : (schema.title ?? schema.type ?? 'such a variant');
}

function said(path, kind, what) {
  return { path: path === '' ? 'the data' : path, kind, what };
}
