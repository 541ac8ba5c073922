/**
 * The forms of Penn Treebank tokens, one regular expression each, and how each is written. Knows nothing of how one is
 * chosen among them: `ptbTokenizer.ts` does that.
 */

/** One form. */
export interface PtbForm {
  /** Sticky. What it looks ahead to and captures as `then` counts when lengths are compared, and is read again. */
  readonly pattern: RegExp
  /** What the token is written as, before lower case. Default: as it stands. */
  readonly write?: (token: string) => string
  /** The token ends the sentence too: its last point is read again as a token of its own. */
  readonly pointAgain?: true
}

const apostrophe = "['\\u0092\\u2019]"
const letter = '[\\p{L}\\p{M}]'
const word = '[\\p{L}\\p{Nd}_][\\p{L}\\p{M}\\p{Nd}_]*'
const gap = '[ \\t\\u00a0]'
const lineEnd = `(?=${gap}*$)`

/** Abbreviations that keep their point. Those that are words as well are taken only with a capital letter. */
const abbreviations = [
  'mr|mrs|ms|messrs|dr|drs|prof|profs|rev|hon|pres|gov|govs|sen|sens|rep|reps|st|ste',
  'gen|col|maj|capt|lt|lieut|cmdr|adm|sgt|cpl|pvt|brig|supt|det|pfc',
  'jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|tues|wed|thu|thurs|fri',
  'ave|blvd|rd|hwy|bldg|mt|vs|cf',
  'ala|ariz|calif|colo|conn|fla|ga|kan|ky|md|mich|minn|mont|neb|nev|okla|penn|tenn|va|vt|wis|wyo',
].join('|')
const capitalAbbreviations = 'Ark|Del|Ill|Ind|La|Mass|Miss|Mo|Ore|Pa|Tex|Wash'
const closingAbbreviations = 'inc|co|cos|corp|ltd|plc|dept|univ|bros|jr|sr|esq|ph\\.d|etc|al|seq'

/** Words that begin a sentence so often that an abbreviation before them ended one. */
const starters =
  'A|An|And|As|At|But|He|Her|Here|However|If|In|It|Mr\\.|Ms\\.|Now|One|Our|She|So|Some|That|The|Their|Then|There|These|They|This|We|When|While|You'

const brackets: Readonly<Record<string, string>> = {
  '(': '-LRB-',
  ')': '-RRB-',
  '[': '-LSB-',
  ']': '-RSB-',
  '{': '-LCB-',
  '}': '-RCB-',
}
const bracketed = (token: string) => token.replace(/[()[\]{}]/g, bracket => brackets[bracket] as string)

/** What the Treebank has no sign for. */
const signs: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': "''",
  '&apos;': "'",
  '“': '``',
  '„': '``',
  '«': '``',
  '”': "''",
  '»': "''",
  '‘': '`',
  '‚': '`',
  '‹': '`',
  '’': "'",
  '›': "'",
  '–': '--',
  '—': '--',
  '―': '--',
  '…': '...',
  '£': '#',
  '€': '$',
  '¢': 'cents',
  '½': '1/2',
  '¼': '1/4',
  '¾': '3/4',
  '⅓': '1/3',
  '⅔': '2/3',
}
const signed = (token: string) => signs[token.toLowerCase()] ?? token
const straight = (token: string) => token.replace(/[\u0092\u2019]/g, "'")

const form = (source: string, rest: Omit<PtbForm, 'pattern'> = {}, flags = ''): PtbForm => ({
  pattern: new RegExp(source, `uy${flags}`),
  ...rest,
})

/** First what is said by name, then what any word may be: of equally long matches the first counts. */
export const ptbForms: readonly PtbForm[] = [
  form('</?[a-z!?][^<>]*>', { write: tag => tag.replace(/\s/g, '\u00a0') }, 'i'),
  form('&(?:amp|lt|gt|quot|apos);', { write: signed }, 'i'),
  form('https?://[^\\s"<>|(){}]*[^\\s"<>|(){}.,!?-]', {}, 'i'),
  form('www\\.(?:[^\\s"<>|(){}.,!?]+\\.)+[a-z]{2,4}', {}, 'i'),
  form('[a-z0-9][^\\s"<>|(){}@]{0,63}@(?:[^\\s"<>|(){}.,;:!?@]+\\.)*[^\\s"<>|(){}.,;:!?@]+', {}, 'i'),
  form('@[a-z_][a-z_0-9]*', {}, 'i'),
  form(`#${letter}+`),

  // contractions, in two tokens
  form('can(?=(?<then>not)(?![\\p{L}\\p{Nd}]))', {}, 'i'),
  form('(?:gon|wan)(?=(?<then>na)(?![\\p{L}\\p{Nd}]))', {}, 'i'),
  form('got(?=(?<then>ta)(?![\\p{L}\\p{Nd}]))', {}, 'i'),
  form('(?:lem|gim)(?=(?<then>me)(?![\\p{L}\\p{Nd}]))', {}, 'i'),
  form(`more(?=(?<then>${apostrophe}n)(?![\\p{L}\\p{Nd}]))`, {}, 'i'),
  form(`y${apostrophe}(?=(?<then>all)(?![\\p{L}\\p{Nd}]))`, { write: straight }, 'i'),
  form(`${apostrophe}t(?=(?<then>is|was)(?![\\p{L}\\p{Nd}]))`, { write: straight }, 'i'),
  form(`${letter}+(?=(?<then>n${apostrophe}t))`, {}, 'i'),
  form(`n${apostrophe}t`, { write: straight }, 'i'),
  form(`${apostrophe}(?:[smd]|re|ve|ll)(?:(?=(?<then>(?!${letter})[^]))|$)`, { write: straight }, 'i'),

  // words that hold an apostrophe
  form(`${apostrophe}(?:n${apostrophe}?|em|til|cause|[2-9]0s)`, { write: straight }, 'i'),
  form(`(?:ma${apostrophe}am|cont${apostrophe}d|ol${apostrophe})`, { write: straight }, 'i'),
  form(`[A-HJ-XZdoln]${apostrophe}${letter}{2,}`, { write: straight }),

  // abbreviations and acronyms
  form(`(?:${closingAbbreviations})\\.${lineEnd}`, { pointAgain: true }, 'i'),
  form(`(?:${closingAbbreviations})\\.(?=${gap}+(?:${starters})(?:\\s|$))`, { pointAgain: true }, 'i'),
  form(`(?:[A-Za-z]\\.){2,}(?=${gap}+(?:${starters})(?:\\s|$))`, { pointAgain: true }),
  form(`(?:${abbreviations}|${closingAbbreviations})\\.`, {}, 'i'),
  form(`(?:${capitalAbbreviations})\\.`),
  form(`nos?\\.(?=${gap}+\\p{Nd})`, {}, 'i'),
  form('(?:[A-Za-z]\\.)+'),
  form('[A-Za-z]+(?:\\.[A-Za-z]+)+'),
  form('[A-Z]+(?:&[A-Z]+)+'),
  form('C\\+\\+|[CF]#', {}, 'i'),

  // numbers, fractions, dates
  form('[+-]?(?:\\p{Nd}+|(?:[.,:]\\p{Nd}+))(?:[.,:]\\p{Nd}+)*'),
  form('(?:\\p{Nd}{1,4}[- ])?\\p{Nd}{1,4}/\\p{Nd}{1,4}', { write: text => text.replace(' ', '\u00a0') }),
  form('\\p{Nd}{1,2}/\\p{Nd}{1,2}/\\p{Nd}{2,4}'),

  // words, joined ones, and those before a contraction
  form(`(?:[dol]${apostrophe})?${word}(?:-${word})*(?=(?<then>${apostrophe}(?:[smd]|re|ve|ll))(?!${letter}))`, {}, 'i'),
  form(word),
  form(`[\\p{L}\\p{Nd}][\\p{L}\\p{Nd}.,]{0,63}(?:-${word})+`),
  form('[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}'),

  // signs
  form("[<>]?[:;=][-o*']?[()DPdpO\\\\{@|\\[\\]](?![A-Za-z])", { write: bracketed }),
  form('\\.{3,5}|(?:\\.[ \\u00a0]){2,4}\\.', { write: () => '...' }),
  form('[?!]+'),
  form('-{2,4}', { write: () => '--' }),
  form('(?:US|A|C|HK|NZ|S)\\$'),
  form('[()\\[\\]{}]', { write: bracketed }),
  form('"(?=[\\p{L}\\p{Nd}$])', { write: () => '``' }),
  form('"', { write: () => "''" }),
  form("'(?=(?<then>[A-Za-z]\\S))", { write: () => '`' }),
  form("``|''"),
  form('[“”„«»‘’‚‹›–—―…£€¢½¼¾⅓⅔]', { write: signed }),
  form('(?![\\u{10000}-\\u{10ffff}])[\\p{P}\\p{S}]'),
]
