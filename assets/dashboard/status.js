/**
 * Where the runs are: a card for each, made of what the server says. Everything is set as text, since names and messages
 * come from logs. Knows no curve.
 */

/**
 * @typedef {object} Summary
 * @property {string} name
 * @property {'waiting' | 'running' | 'finished' | 'cancelled' | 'failed'} state
 * @property {number} step
 * @property {number} [steps]
 * @property {number} [time] when something was last heard, in milliseconds since 1970
 * @property {number} now the server's clock
 * @property {string} [message]
 * @property {string} [problem]
 * @property {[string, string][]} facts
 * @property {string[]} checkpoints
 * @property {string[]} refused
 * @property {number} refusedCount
 * @property {string[]} warnings
 * @property {string[]} sample lines of the first sample, with what is learnt in [[…]]
 */

/** A run that has said nothing for so long may have been killed. */
const silentMs = 120_000

/** Shows the cards of these runs in `place`. Lists that were opened stay open. */
export function showStatus(place, summaries) {
  const open = new Set([...place.querySelectorAll('details[open]')].map(list => list.dataset.list))
  place.replaceChildren(...summaries.map(summary => card(summary, open)))
}

function card(summary, open) {
  const { name, step, steps, message, problem, facts, checkpoints, refused, refusedCount, warnings, sample } = summary
  const count = refusedCount > refused.length ? `, the latest ${refused.length} of ${whole(refusedCount)}` : ''
  return made('article', { className: 'run' }, [
    made('h2', {}, [made('span', { textContent: name }), state(summary)]),
    ...(steps ? [bar(step, steps)] : []),
    ...(message ? [made('p', { textContent: message })] : []),
    ...(problem ? [made('p', { className: 'problem', textContent: problem })] : []),
    made(
      'dl',
      {},
      facts.map(([fact, words]) =>
        made('div', {}, [made('dt', { textContent: fact }), made('dd', { textContent: words })]),
      ),
    ),
    made('div', { className: 'lists' }, [
      ...list(`${name}/checkpoints`, `checkpoints (${checkpoints.length})`, checkpoints, open),
      ...list(`${name}/refused`, `samples left out (${whole(refusedCount)}${count})`, refused, open),
      ...list(`${name}/warnings`, `warnings (${warnings.length})`, warnings, open),
      ...list(`${name}/sample`, 'the first sample, with what is learnt in [[…]]', sample, open, 'pre'),
    ]),
  ])
}

/** `running, step 1,204 of 2,000`, and how long nothing was heard. */
function state({ state, step, steps, time, now }) {
  const silence = state === 'running' && time !== undefined ? now - time : 0
  const words = [
    state,
    ...(state === 'waiting' ? [] : [`step ${whole(step)}${steps ? ` of ${whole(steps)}` : ''}`]),
    ...(silence > silentMs ? [`nothing heard for ${minutes(silence)}`] : []),
  ]
  const shown = made('span', { className: 'state', textContent: words.join(', ') })
  shown.dataset.state = state
  return shown
}

function bar(step, steps) {
  const shown = made('progress', { max: steps, value: Math.min(step, steps) })
  shown.setAttribute('aria-label', `step ${whole(step)} of ${whole(steps)}`)
  return shown
}

function list(key, title, lines, open, form = 'ul') {
  if (lines.length === 0) return []
  const text = { textContent: lines.join('\n') }
  const items = lines.map(line => made('li', { textContent: line }))
  const content = form === 'pre' ? made('pre', text) : made('ul', {}, items)
  const shown = made('details', { open: open.has(key) }, [made('summary', { textContent: title }), content])
  shown.dataset.list = key
  return [shown]
}

/** An element with these properties and children. */
export function made(tag, properties, children = []) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

const whole = number => number.toLocaleString('en')

function minutes(milliseconds) {
  const all = Math.round(milliseconds / 60_000)
  if (all < 120) return `${all} min`
  return all < 2880 ? `${Math.round(all / 60)} h` : `${Math.round(all / 1440)} days`
}
