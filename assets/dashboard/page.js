/**
 * The page of curves: asks for runs and panels, listens for news, and remembers in its address what is shown, so that a
 * reload shows the same. Knows how to ask and when; the charts and cards are drawn elsewhere.
 */
import { Chart } from './chart.js'
import { made, showStatus } from './status.js'

const find = id => document.getElementById(id)
const place = {
  charts: find('charts'),
  chooser: find('chooser'),
  logarithmic: find('logarithmic'),
  notice: find('notice'),
  reset: find('reset'),
  runs: find('runs'),
  smoothing: find('smoothing'),
  status: find('status'),
}

/** Most runs that are shown at once, as the server has it. */
const mostChosen = 8

const shown = {
  runs: [],
  range: undefined,
  smoothing: '',
  isLogarithmic: false,
}

/** @type {Map<string, Chart>} */
const charts = new Map() // title → chart
let listening
/** What the news said last of where the runs are. */
let heard = ''
let names = []
let latest

readAddress()
place.smoothing.value = shown.smoothing
place.logarithmic.checked = shown.isLogarithmic
await showRuns()
listen()
setInterval(() => void showRuns(), 30_000)

place.smoothing.addEventListener('change', () => change({ smoothing: place.smoothing.value }))
place.logarithmic.addEventListener('change', () => change({ isLogarithmic: place.logarithmic.checked }))
place.reset.addEventListener('click', () => change({ range: undefined }))
find('controls').addEventListener('submit', event => event.preventDefault())
document.addEventListener('visibilitychange', () => document.hidden || void showPanels())
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts.values()) chart.redraw()
})

/** Takes up what is to be shown from the address. */
function readAddress() {
  const query = new URLSearchParams(location.hash.slice(1))
  shown.runs = query.getAll('run').slice(0, mostChosen)
  const [from, to] = [Number(query.get('from') ?? Number.NaN), Number(query.get('to') ?? Number.NaN)]
  shown.range = to > from ? [from, to] : undefined
  const smoothing = query.get('smoothing') ?? ''
  const offered = [...place.smoothing.options].map(option => option.value)
  shown.smoothing = offered.includes(smoothing) ? smoothing : ''
  shown.isLogarithmic = query.get('logarithmic') === '1'
}

/** What is shown, as the address and the server have it. */
function asQuery() {
  const query = new URLSearchParams(shown.runs.map(name => ['run', name]))
  if (shown.range) {
    query.set('from', shown.range[0])
    query.set('to', shown.range[1])
  }
  if (shown.smoothing !== '') query.set('smoothing', shown.smoothing)
  if (shown.isLogarithmic) query.set('logarithmic', '1')
  return query
}

/** Shows something else from now on. */
function change(wanted) {
  const hasOtherRuns = wanted.runs !== undefined
  Object.assign(shown, wanted)
  history.replaceState(undefined, '', `#${asQuery()}`)
  place.reset.disabled = !shown.range
  if (hasOtherRuns) listen()
  void showPanels()
}

/** Offers the runs that are there now. Without a choice, or with one that is gone, the latest is shown. */
async function showRuns() {
  try {
    const found = await (await fetch('runs')).json()
    names = found.names
    latest = found.latest
  } catch {
    return // the news say that the server is gone
  }
  const there = shown.runs.filter(name => names.includes(name))
  if (there.length === 0 && latest !== undefined) there.push(latest)
  if (there.join('\n') !== shown.runs.join('\n')) {
    shown.runs = there
    if (listening) listen()
  }
  place.reset.disabled = !shown.range
  place.chooser.hidden = names.length < 2
  place.chooser.querySelector('summary').textContent = `runs (${there.length} of ${names.length})`
  const offered = [...place.runs.querySelectorAll('input')].map(box => box.value)
  if (offered.join('\n') === names.join('\n')) return
  place.runs.replaceChildren(
    ...names.map(name => {
      const box = made('input', { type: 'checkbox', value: name, checked: there.includes(name) })
      box.addEventListener('change', chooseRuns)
      return made('label', {}, [box, ` ${name}`])
    }),
  )
}

function chooseRuns(event) {
  const boxes = [...place.runs.querySelectorAll('input')]
  const runs = boxes.filter(box => box.checked).map(box => box.value)
  if (runs.length === 0 || runs.length > mostChosen) {
    event.target.checked = !event.target.checked
    return
  }
  place.chooser.querySelector('summary').textContent = `runs (${runs.length} of ${names.length})`
  change({ runs, range: undefined })
}

/** Listens for news of the chosen runs. The browser connects again by itself when the server comes back. */
function listen() {
  listening?.close()
  heard = ''
  const query = new URLSearchParams(shown.runs.map(name => ['run', name]))
  listening = new EventSource(`status?${query}`)
  listening.onmessage = ({ data }) => {
    place.notice.textContent = ''
    const summaries = JSON.parse(data)
    showStatus(place.status, summaries)
    document.title = summaries.map(({ name, state }) => `${name}: ${state}`).join(', ')
    const state = summaries.map(({ step, state, time }) => [step, state, time]).join()
    if (state !== heard) showNews()
    heard = state
  }
  listening.onerror = () => {
    place.notice.textContent = 'The server does not answer: what is shown is the latest that was heard.'
  }
}

let isAsking = false
let isAskedAgain = false
let nextNews = 0
let newsTimer

/** Asks for the curves and draws them: one question at a time, and none while nobody looks. */
async function showPanels() {
  if (document.hidden) return
  isAskedAgain = true
  if (isAsking) return
  isAsking = true
  while (isAskedAgain) {
    isAskedAgain = false
    const began = performance.now()
    try {
      const answer = await fetch(`panels?${asQuery()}`)
      if (answer.ok) draw(await answer.json())
      else place.notice.textContent = await answer.text()
    } catch {
      // The news say that the server is gone.
    }
    nextNews = performance.now() + 9 * (performance.now() - began)
  }
  isAsking = false
}

/**
 * The same for news, which can wait. The server may be the process that trains: where its answers take long, they are
 * asked for so seldom that they take a tenth of its time.
 */
function showNews() {
  clearTimeout(newsTimer)
  newsTimer = setTimeout(() => void showPanels(), Math.max(0, nextNews - performance.now()))
}

function draw({ panels, resumed }) {
  const titles = new Set(panels.map(({ title }) => title))
  for (const [title, chart] of charts) {
    if (titles.has(title)) continue
    chart.close()
    charts.delete(title)
  }
  for (const [i, panel] of panels.entries()) {
    let chart = charts.get(panel.title)
    if (!chart) {
      chart = new Chart((from, to) => change({ range: from === undefined ? undefined : [from, to] }))
      charts.set(panel.title, chart)
    }
    if (place.charts.children[i] !== chart.element) place.charts.insertBefore(chart.element, place.charts.children[i])
    chart.show(panel, resumed, shown.range)
  }
}
