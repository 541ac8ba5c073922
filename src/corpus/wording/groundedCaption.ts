/** Captions in which what is named stands with its boxes. Without the tags they read as other captions do. */
import type { Asker } from './asking.ts'
import { captionText, subjectOf } from './caption.ts'
import { boxMarkup } from './formats.ts'
import type { Wordings } from './templates.ts'

const questions: Wordings = {
  en: [
    'Describe the picture with boxes.',
    'Describe the image and mark each thing.',
    'Describe the picture with grounding.',
    'Say what is in the picture and where each thing is.',
    'Caption the image with the location of each object.',
    'What is where in this picture?',
    'Describe what you see, with positions.',
    'Give a grounded caption.',
    'Describe the picture and box everything that you name.',
    'Name the things in the picture with their boxes.',
    'Write a caption with bounding boxes.',
  ],
  zh: [
    '描述图片并框出提到的东西。',
    '请描述这张图，并标出每个物体的位置。',
    '图里有什么？请框出来。',
    '说说图片内容，并给出位置。',
    '请描述图片并标注位置。',
    '请给出带有位置的描述。',
    '描述画面，并用方框标出物体。',
    '图中有哪些东西？分别在哪里？',
    '用带框的方式描述这张图片。',
    '请说出图中的东西并框出来。',
  ],
}

export const askGroundedCaption: Asker = asking => {
  const { scene, language, random } = asking
  if (scene.objects.length === 0) return undefined
  // From left to right: an order that can be learnt.
  const boxesOf = (objects: readonly number[]) =>
    objects.map(index => scene.objects[index]!.box).sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const answer = captionText(asking, (phrase, objects) => boxMarkup(boxesOf(objects), scene, phrase))
  const question = random.pick(questions[language])
  return { task: 'grounded-caption', language, question, answer, ...subjectOf(scene) }
}
