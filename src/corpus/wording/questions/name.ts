/** What something is: the only thing there, what is in a place, what has a colour, or which of a category. */
import { type Asker, type Asking, inWords, type Known, nameAnswer, oneKnown } from '../asking.ts'
import { nounOf } from '../describe.ts'
import type { Exchange } from '../exchange.ts'
import { say, type Wordings } from '../templates.ts'

const only: Wordings = {
  en: [
    'What is this?',
    'What object is this?',
    "What's this?",
    'What is the name of this?',
    'What is this called?',
    'What is the object in the picture?',
    'What thing is shown?',
    'Name the object in the picture.',
    'What is the main object?',
    'Can you name this object?',
    'What is depicted here?',
    'What kind of thing is this?',
  ],
  zh: [
    '这是什么？',
    '这是什么东西？',
    '图中的东西是什么？',
    '图中的物体是什么？',
    '这个东西叫什么？',
    '请说出图中物体的名称。',
    '图里画的东西是什么？',
    '这叫什么？',
    '这个物体是什么？',
    '图片上的东西叫什么名字？',
  ],
}

const ofCategory: Wordings = {
  en: [
    'Which {category} is this?',
    'What {category} is in the picture?',
    'What kind of {category} is this?',
    'Which {category} can be seen?',
    'What {category} do you see?',
    'Name the {category} in the picture.',
    'What type of {category} is shown?',
    'Which {category} is shown?',
  ],
  zh: [
    '这是什么{category}？',
    '图中有什么{category}？',
    '图中的{category}是什么？',
    '这是哪种{category}？',
    '图里的{category}叫什么？',
    '你看到的是什么{category}？',
    '请说出图中{category}的名称。',
    '画面里是什么{category}？',
  ],
}

const described: Wordings = {
  en: [
    'What is {what}?',
    "What's {what}?",
    'Name {what}.',
    'What is {what} called?',
    'Can you name {what}?',
    'Tell me what {what} is.',
    'Say what {what} is.',
    'Identify {what}.',
  ],
  zh: [
    '{what}是什么？',
    '{what}叫什么？',
    '请说出{what}的名称。',
    '{what}是什么呢？',
    '请问{what}是什么？',
    '说说{what}是什么。',
  ],
}

const inPlace: Wordings = {
  en: [
    'What is {where}?',
    'What is {where} of the picture?',
    'What can be seen {where}?',
    'What do you see {where}?',
    'What is there {where}?',
    'Which object is {where}?',
    'What is shown {where} of the image?',
    'Name what is {where}.',
  ],
  zh: [
    '{place}是什么？',
    '图片{place}是什么？',
    '{place}有什么？',
    '图中{place}的东西是什么？',
    '画面{place}有什么？',
    '{where}的是什么？',
    '图片的{place}有什么东西？',
    '请说出{place}是什么。',
  ],
}

const coloured: Wordings = {
  en: [
    'What is {colour}?',
    'Which thing is {colour}?',
    'Which object is {colour}?',
    'What in the picture is {colour}?',
  ],
  zh: ['什么是{colour}的？', '哪个东西是{colour}的？', '图中什么东西是{colour}的？', '{colour}的东西是什么？'],
}

export const askName: Asker = asking => {
  const { scene, random, language, catalogue, grammar } = asking
  const first = scene.objects[0]
  if (first !== undefined && scene.objects.length === 1) {
    const category = random.chance(0.2) ? categoryOf(asking, first.kind) : undefined
    const wordings = category === undefined ? only : ofCategory
    return answered(asking, 0, say(random, wordings, language, category === undefined ? {} : { category }))
  }
  const found = oneKnown(asking, { heads: ['category', 'thing'], marks: ['side', 'cell', 'relation', 'order', 'size'] })
  if (found === undefined) return undefined
  return answered(asking, found.index, questionOf(found))

  function questionOf({ description }: Known): string {
    const { mark, colour, head } = description
    if (head === 'thing' && mark?.by === 'cell' && random.chance(0.7)) {
      return say(random, inPlace, language, { where: grammar.inCell(mark.cell), place: grammar.cell(mark.cell) })
    }
    if (head === 'thing' && mark === undefined && colour !== undefined && random.chance(0.6)) {
      return say(random, coloured, language, { colour: grammar.colour(colour) })
    }
    if (head !== 'thing' && mark === undefined && colour === undefined) {
      const category = grammar.bare(nounOf({ head }, catalogue, random, language))
      return say(random, ofCategory, language, { category })
    }
    return say(random, described, language, { what: inWords(asking, description) })
  }
}

/** The name of a kind's category, where things are asked for by it. */
function categoryOf({ catalogue, grammar }: Asking, kind: string): string | undefined {
  const { category } = catalogue.kind(kind)
  return catalogue.isPlain(category) ? grammar.bare({ words: catalogue.category(category) }) : undefined
}

function answered(asking: Asking, index: number, question: string): Exchange {
  const object = asking.scene.objects[index]!
  return { task: 'name', language: asking.language, question, ...nameAnswer(asking, object), about: [index] }
}
