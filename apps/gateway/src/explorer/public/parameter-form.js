import { h } from './elements.js';

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
  const { control, read } = controlOf(name, schema, required);
  const hint = schema.description && h('small.mute', {}, schema.description);
  return {
    name,
    read,
    element: h('label.parameter', {}, h('span', {}, schema.title ?? name, required && ' *'), control, hint),
  };
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
  if (schema.type === 'string') {
    const long = !schema.pattern && !schema.format && !(schema.maxLength <= 300);
    const control = h(long ? 'textarea' : 'input', { required, maxLength: schema.maxLength, value: preset ?? '' });
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

function parsed(name, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw { message: `${name} is no JSON.`, fix: 'Write it as JSON: texts in double quotes.' };
  }
}
