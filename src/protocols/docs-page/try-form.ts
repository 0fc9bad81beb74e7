import type { TensorSpec } from '../../tensor/signature.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { InputForm } from './example.ts'
import { html, type Html } from './html.ts'

/**
 * The form that asks for every input, filled with the example, and for the outputs where there is a choice.
 * @param unasked names of the outputs that a request gets when it names none
 */
export function tryForm(
  inputs: readonly TensorSpec[],
  forms: readonly InputForm[],
  outputs: readonly TensorSpec[],
  unasked: readonly string[],
): Html {
  const parts = inputs.map((spec, i) => {
    const form = forms[i]
    // a data frame's cells may be empty
    const mayLack = inputs.length > 1 && spec.shape.length === 2
    return form === undefined ? html`` : inputPart(spec, form, i, mayLack)
  })
  return html`<form id="form" autocomplete="off">
    ${parts} ${outputs.length > 1 ? outputsPart(outputs, unasked) : undefined}
    <div class="input" id="key-part" hidden>
      <label for="key">API key</label>
      ${keyControl('key', html`aria-describedby="key-hint"`)}
      <p class="note" id="key-hint">It stays in this tab's memory, and is gone when you leave the page.</p>
    </div>
    <div class="actions">
      <button type="submit" class="primary">Predict</button>
      <button type="reset">Reset</button>
    </div>
  </form>`
}

function outputsPart(outputs: readonly TensorSpec[], unasked: readonly string[]): Html {
  const boxes = outputs.map(
    ({ name }, i) =>
      html`<label class="choice" for="output-${i}"
        ><input
          id="output-${i}"
          type="checkbox"
          data-output="${i}"
          ${unasked.includes(name) ? html`checked` : undefined}
        />
        ${breakable(name)}</label
      >`,
  )
  return html`<fieldset class="input">
    <legend>Outputs</legend>
    <div class="choices">${boxes}</div>
  </fieldset>`
}

function inputPart(spec: TensorSpec, form: InputForm, index: number, mayLack: boolean): Html {
  const kind = html`<span class="kind">${spec.datatype} ${shapeText(spec.shape)}</span>`
  if (form.kind === 'json')
    return html`<div class="input">
      <label for="input-${index}"><bdi>${spec.name}</bdi> ${kind}</label>
      <textarea id="input-${index}" rows="8" spellcheck="false" required aria-describedby="hint-${index}">
${form.text}</textarea>
      <p class="note" id="hint-${index}">
        ${
          form.isTooLarge
            ? 'Nested lists of JSON, outermost dimension first. The example is too large to stand here.'
            : 'Nested lists of JSON, outermost dimension first.'
        }
      </p>
    </div>`
  const fields = form.fields.map(({ label, control, value }, at) => {
    const id = `input-${index}-${at}`
    return html`<div class="field">
      <label for="${id}">${breakable(label)}</label>
      ${controlHtml(id, control, value, index, mayLack)}
    </div>`
  })
  return html`<fieldset class="input">
    <legend><bdi>${spec.name}</bdi> ${kind}</legend>
    <div class="fields">${fields}</div>
  </fieldset>`
}

function controlHtml(id: string, control: string, value: string, index: number, mayLack: boolean): Html {
  const shared = html`id="${id}" data-input="${index}" data-control="${control}"`
  if (control === 'boolean')
    return html`<select ${shared}>
      <option value="false">false</option>
      <option value="true" ${value === 'true' ? html`selected` : undefined}>true</option>
    </select>`
  if (control === 'text') return html`<input ${shared} type="text" value="${value}" spellcheck="false" />`
  if (control === 'whole') return html`<input ${shared} type="number" step="1" required value="${value}" />`
  const need = mayLack ? undefined : html`required`
  return html`<input ${shared} type="number" step="any" ${need} value="${value}" />`
}

/** A field for a key. */
export function keyControl(id: string, attributes: Html): Html {
  return html`<input id="${id}" type="password" autocomplete="off" spellcheck="false" maxlength="512" ${attributes} />`
}

/** A name that keeps its own direction and breaks after underscores before it breaks elsewhere. */
export function breakable(name: string): Html {
  return html`<bdi>${name.split(/(?<=_)/).map((part, i) => (i === 0 ? html`${part}` : html`<wbr />${part}`))}</bdi>`
}

/** A shape for people. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ').replaceAll('-', '−')}]`
}
