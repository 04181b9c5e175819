import { h } from './elements.js';

const TYPES = { password: 'password', uri: 'url', email: 'email' };

/** Fields for the parameters of a flow, made from their JSON Schema; what has no field of its own is written as JSON. */
export function parameterForm({ properties = {}, required = [] } = {}) {
  const fields = Object.entries(properties).map(([name, schema]) => field(name, schema, required.includes(name)));
  return {
    fields: fields.map(({ element }) => element),
    /** Only what was filled in: the flow's own defaults stand for the rest. Throws what is no JSON. */
    value: () =>
      Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined)),
  };
}

function field(name, schema, required) {
  const { control, read, isGroup } = controlOf(name, schema, required);
  const hint = schema.description && h('small.mute', {}, schema.description);
  const title = [schema.title ?? name, required && ' *'];
  const element = isGroup
    ? h('fieldset.parameter', {}, h('legend', {}, ...title.filter(Boolean)), control, hint)
    : h('label.parameter', {}, h('span', {}, ...title), control, hint);
  return { name, read, element };
}

function controlOf(name, schema, required) {
  const preset = schema.default;
  if (schema.enum) {
    const control = h(
      'select',
      {},
      [...(required ? [] : ['']), ...schema.enum].map((value, index) =>
        h(
          'option',
          { value: value === '' ? '' : String(schema.enum.indexOf(value)), selected: value === preset || index === 0 },
          String(value),
        ),
      ),
    );
    return { control, read: () => (control.value === '' ? undefined : schema.enum[Number(control.value)]) };
  }
  if (schema.type === 'boolean') {
    const control = h('input', { type: 'checkbox', checked: preset === true });
    return { control, read: () => control.checked };
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    const step = schema.type === 'integer' ? '1' : 'any';
    const control = h('input', {
      type: 'number',
      step,
      required,
      min: schema.minimum,
      max: schema.maximum,
      value: preset ?? '',
    });
    return { control, read: () => (control.value === '' ? undefined : Number(control.value)) };
  }
  if (schema.type === 'array' && schema.items?.enum) return severalOf(schema);
  if (schema.type === 'array' && schema.items?.type === 'string') return linesOf(schema, required);
  if (schema.type === 'string') {
    const long = !schema.pattern && !schema.format && !(schema.maxLength <= 300);
    const control = h(long ? 'textarea' : 'input', {
      ...(!long && { type: TYPES[schema.format] ?? 'text', autocomplete: 'off' }),
      ...{ required, maxLength: schema.maxLength, value: preset ?? '' },
    });
    return { control, read: () => (control.value === '' && !required ? undefined : control.value) };
  }
  const control = h('textarea', {
    rows: 3,
    placeholder: 'JSON',
    required,
    value: preset === undefined ? '' : JSON.stringify(preset),
  });
  return { control, read: () => (control.value.trim() === '' ? undefined : parsed(name, control.value)) };
}

/** One box for each; `labels` says what they mean, where the values do not. */
function severalOf({ items, labels = {}, default: preset = [] }) {
  const boxes = items.enum.map(value => [value, h('input', { type: 'checkbox', checked: preset.includes(value) })]);
  const control = h(
    'div.choices',
    {},
    boxes.map(([value, box]) => h('label', {}, box, labels[value] ?? String(value))),
  );
  return { control, isGroup: true, read: () => boxes.filter(([, box]) => box.checked).map(([value]) => value) };
}

function linesOf({ default: preset = [] }, required) {
  const control = h('textarea', { rows: 2, required, placeholder: 'One in a line', value: preset.join('\n') });
  const read = () =>
    control.value
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean);
  return { control, read: () => (read().length > 0 || required ? read() : undefined) };
}

function parsed(name, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw { message: `${name} is no JSON.`, fix: 'Write it as JSON: texts in double quotes.' };
  }
}
