/** What a box holds. The question names the box; the paper's form of it is in `formats.ts`. */
import { type Asker, namesOf } from '../asking.ts'
import { boxMarkup } from '../formats.ts'
import type { Noun } from '../grammar.ts'
import { isPlainlySeen, overlapOf } from '../places.ts'
import { say, type Wordings } from '../templates.ts'

const wordings: Wordings = {
  en: [
    'What is in {box}?',
    'What is inside {box}?',
    'What is the object in {box}?',
    'What is this: {box}?',
    'Describe what is in {box}.',
    'Name what is in the box {box}.',
    'What can be seen in {box}?',
    'What does the region {box} show?',
    'Which thing is at {box}?',
    'Identify the object at {box}.',
  ],
  zh: [
    '{box}里是什么？',
    '{box}中的物体是什么？',
    '{box}是什么？',
    '方框{box}里是什么？',
    '请描述{box}里的东西。',
    '{box}这个位置有什么？',
    '区域{box}里有什么？',
    '说出{box}中的东西。',
    '这个框{box}里是什么东西？',
    '识别{box}里的物体。',
  ],
}

/** Boxes that share more than this may each mean either thing. */
const shared = 0.5

export const askRegion: Asker = asking => {
  const { scene, random, language, grammar, catalogue } = asking
  const alone = [...scene.objects.keys()].filter(index => {
    const object = scene.objects[index]!
    return (
      isPlainlySeen(object) &&
      scene.objects.every((other, i) => i === index || overlapOf(other.box, object.box) < shared)
    )
  })
  if (alone.length === 0) return undefined
  const index = random.pick(alone)
  const { box, kind, colour, writing } = scene.objects[index]!
  const words = catalogue.kind(kind)
  const said = writing === undefined ? {} : { writing }
  const noun: Noun = { words, ...said, ...(colour === undefined ? {} : { colour }) }
  const answer = grammar.some(noun)
  const others = [
    ...grammar.spellings(answer),
    grammar.some({ words, ...said }),
    grammar.some({ words }),
    ...namesOf(asking, kind),
  ]
  const references = [...new Set(others)].filter(each => each !== answer)
  const question = say(random, wordings, language, { box: boxMarkup([box], scene) })
  return { task: 'region', language, question, answer, references, about: [index] }
}
