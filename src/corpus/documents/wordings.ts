/** How text is asked for, whole or line by line. */
import type { Wordings } from '../wording/templates.ts'

/** What is asked about all of the text. */
export const whole: Wordings = {
  en: [
    'What does it say?',
    'Read the text.',
    'What is written here?',
    'What is written in the picture?',
    'What text is shown?',
    'What does the text say?',
    'Please read the text in the image.',
    'Which words can you read?',
    'What can you read in the picture?',
    'Tell me what is written.',
    'What is the text in this image?',
    'Read what is in the picture.',
    'Can you read this?',
    'What do the letters say?',
    'Transcribe the text.',
  ],
  zh: [
    '图中写的是什么？',
    '上面写了什么？',
    '请读出文字。',
    '图片里有什么字？',
    '这里写着什么？',
    '读一下图中的文字。',
    '图上的文字是什么？',
    '请识别图中的文字。',
    '你能读出这些字吗？',
    '图中的字是什么？',
    '上面的字怎么读？请写出来。',
    '写的是什么字？',
    '请告诉我图中写了什么。',
    '图片上的内容是什么？',
  ],
}

/** About a single word. */
export const oneWord: Wordings = {
  en: [
    'Which word is it?',
    'What is the word?',
    'What word is written?',
    'Which word is shown?',
    'What word do you see?',
    'Read the word.',
    'What does the word say?',
    'Which word can be read?',
    'What is the word in the picture?',
    'Name the word that is written.',
  ],
  zh: [
    '这是什么词？',
    '图中是哪个词？',
    '写的是哪个词？',
    '图上是什么字？',
    '这几个字是什么？',
    '请写出这个词。',
    '你看到了哪个词？',
    '图中的词是什么？',
    '这个词怎么写？',
    '认一认，这是什么字？',
  ],
}

/** About numbers and codes. */
export const figures: Wordings = {
  en: [
    'What number or code is shown?',
    'Read the number.',
    'What does it say?',
    'Which number is written?',
    'What is the number?',
    'What is written there?',
    'Which figures can you see?',
    'What number is in the picture?',
    'Read the digits.',
    'Tell me the number.',
  ],
  zh: [
    '图中的数字是什么？',
    '写的是多少？',
    '请读出数字。',
    '上面是什么号码？',
    '数字是多少？',
    '图上写着多少？',
    '读一下这个数字。',
    '图中写的是什么？',
    '这是什么数字？',
    '请写出图中的数字。',
  ],
}

/** About a sign or label. */
export const sign: Wordings = {
  en: [
    'What does the sign say?',
    'Read the sign.',
    'What is on the sign?',
    'What is written on the sign?',
    'What text is on the sign?',
    'What does it say on the board?',
    'Which words are on the sign?',
    'What can be read on the sign?',
    'What does this label say?',
    'Tell me what the sign says.',
  ],
  zh: [
    '牌子上写的是什么？',
    '标牌上写了什么？',
    '请读出牌子上的字。',
    '这个牌子写着什么？',
    '牌子上有什么字？',
    '标志上的文字是什么？',
    '牌子写了哪些字？',
    '看看牌子上写着什么。',
    '这块牌子上是什么字？',
    '请识别牌子上的文字。',
  ],
}

/** About one line. Gaps: `which`, an ordinal or the last; `number`. */
export const oneLine: Wordings = {
  en: [
    'What is written in the {which} line?',
    'What does the {which} line say?',
    'Read the {which} line.',
    'What is in the {which} line?',
    'What text is in line {number}?',
    'Which words are in the {which} line?',
    'Tell me what the {which} line says.',
    'What stands in the {which} line?',
    'Please read only the {which} line.',
    'What can you read in line {number}?',
  ],
  zh: [
    '{which}写的是什么？',
    '{which}写了什么？',
    '请读出{which}。',
    '{which}是什么字？',
    '{which}的内容是什么？',
    '{which}的文字是什么？',
    '读一下{which}。',
    '图中{which}写着什么？',
    '请写出{which}的文字。',
    '{which}有什么字？',
  ],
}
