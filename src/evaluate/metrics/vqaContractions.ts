/**
 * Contractions that the evaluation of VQA puts right: without an apostrophe, or with one in the wrong place → as it knows
 * them. A list and nothing else. Its oddities are kept (`somebody'd` loses its apostrophe); its entries with capitals are
 * left out, since texts are in lower case by then.
 *
 * Source: GT-Vision-Lab/VQA, PythonEvaluationTools/vqaEvaluation/vqaEval.py.
 */

/** Found without their apostrophes: `isnt` is `isn't`. */
const bare = `
ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll how's isn't it'd
it'll ma'am mightn't might've mustn't must've needn't not've o'clock oughtn't shan't should've shouldn't
somebody'll somebody's someone'd someone'll someone's something'd something'll that's there'd there're there's they'd
they'll they're they've 'twas wasn't we've weren't what'll what're what's what've when's where'd where's where've who'd
who'll who's who've why'll why're why's won't would've wouldn't y'all you'd you'll you're you've`

/** Found with one apostrophe where two belong: of `couldn't've`, both `couldn'tve` and `couldnt've`. */
const halved = `
couldn't've hadn't've he'd've it'd've mightn't've she'd've shouldn't've somebody'd've someone'd've something'd've
there'd've they'd've we'd've who'd've wouldn't've you'd've`

const listOf = (text: string) => text.trim().split(/\s+/)

export const vqaContractions: ReadonlyMap<string, string> = new Map([
  ...listOf(bare).map(right => [right.replaceAll("'", ''), right] as const),
  ...listOf(halved).flatMap(right => {
    const [start, middle, end] = right.split("'") as [string, string, string]
    return [[`${start}${middle}'${end}`, right] as const, [`${start}'${middle}${end}`, right] as const]
  }),
  ["ow's'at", "'ow's'at"],
  ["'ows'at", "'ow's'at"],
  ["'ow'sat", "'ow's'at"],
  ["somebody'd", 'somebodyd'],
  ["yall'll", "y'all'll"],
  ["y'allll", "y'all'll"],
  ["yall'd've", "y'all'd've"],
  ["y'alld've", "y'all'd've"],
  ["y'all'dve", "y'all'd've"],
])
