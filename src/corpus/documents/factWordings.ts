/**
 * How a page is asked for what stands on it. Gaps: `about`, the goods or the name of a row, with what agrees
 * with it, `is` and `does`; `column`, a heading.
 */
import type { Wordings } from '../wording/templates.ts'

/** What a page can be asked for beside its lines. */
export type Asked =
  | 'total'
  | 'shop'
  | 'price'
  | 'date'
  | 'time'
  | 'place'
  | 'heading'
  | 'product'
  | 'weight'
  | 'person'
  | 'job'
  | 'company'
  | 'phone'
  | 'cell'
  | 'beside'
  | 'from'
  | 'to'
  | 'seat'

/** Ways to ask for each. */
export const factWordings: Readonly<Record<Asked, Wordings>> = {
  total: {
    en: [
      'What is the total?',
      'How much is it in total?',
      'How much has to be paid?',
      'What is the sum?',
      'What does everything cost together?',
      'What is the total price?',
      'How much is the bill?',
    ],
    zh: ['总共多少钱？', '合计是多少？', '一共多少钱？', '总价是多少？', '要付多少钱？', '总计多少？'],
  },
  shop: {
    en: [
      'What is the name of the shop?',
      'Which shop is it?',
      'What is the shop called?',
      'Where was it bought?',
      'Which shop is the receipt from?',
      'What is the name at the top?',
    ],
    zh: ['店名是什么？', '这是哪家店？', '商店叫什么名字？', '在哪里买的？', '这是哪家店的小票？', '这家店叫什么？'],
  },
  price: {
    en: [
      'How much {is} the {about}?',
      'What {does} the {about} cost?',
      'What is the price of the {about}?',
      'What is the price of {about}?',
      'How much {does} the {about} cost?',
      'How much for the {about}?',
    ],
    zh: [
      '{about}多少钱？',
      '{about}的价格是多少？',
      '{about}卖多少钱？',
      '{about}怎么卖？',
      '买{about}要多少钱？',
      '{about}的价钱是多少？',
    ],
  },
  date: {
    en: [
      'What is the date?',
      'Which date is given?',
      'On which day is it?',
      'What date is written?',
      'When is it? Give the date.',
      'Which day does it say?',
    ],
    zh: ['日期是什么？', '是哪一天？', '写的是什么日期？', '上面的日期是什么？', '哪天？', '日期写的是什么？'],
  },
  time: {
    en: [
      'What is the time?',
      'At what time is it?',
      'Which time is given?',
      'What time does it say?',
      'When does it begin?',
      'At what hour is it?',
    ],
    zh: ['时间是什么？', '几点开始？', '是什么时间？', '写的是几点？', '上面的时间是什么？', '时间写的是几点？'],
  },
  place: {
    en: [
      'Where is it?',
      'What is the place?',
      'Which place is given?',
      'What is the address?',
      'Where does it say?',
      'Which address is written?',
    ],
    zh: ['在哪里？', '地点是哪里？', '地址是什么？', '写的是什么地方？', '上面的地点是什么？', '在什么地方？'],
  },
  heading: {
    en: [
      'What is the heading?',
      'What is the title?',
      'What is written at the top?',
      'What does the heading say?',
      'What is it called?',
      'What is the largest text?',
    ],
    zh: [
      '标题是什么？',
      '最上面写的是什么？',
      '题目是什么？',
      '上面的标题写了什么？',
      '标题写的是什么？',
      '最大的字是什么？',
    ],
  },
  product: {
    en: [
      'What product is it?',
      'What is in it?',
      'What is sold here?',
      'What does the label name?',
      'Which product is on the label?',
      'What is the product called?',
    ],
    zh: [
      '这是什么商品？',
      '卖的是什么？',
      '商品的名称是什么？',
      '标签上是什么商品？',
      '这是什么东西的标签？',
      '品名是什么？',
    ],
  },
  weight: {
    en: [
      'How much is in it?',
      'What is the weight or volume?',
      'How much does it hold?',
      'What amount is given?',
      'What quantity does the label say?',
      'Which amount is on the label?',
    ],
    zh: ['净含量是多少？', '有多少？', '分量是多少？', '标签上写的重量是多少？', '含量是多少？', '重量是多少？'],
  },
  person: {
    en: [
      'What is the name on the card?',
      'Whose card is it?',
      'Who is it?',
      "What is the person's name?",
      'Which name is on the card?',
      'What is the name?',
    ],
    zh: ['名片上的名字是什么？', '这是谁的名片？', '姓名是什么？', '叫什么名字？', '这个人叫什么？', '名字是什么？'],
  },
  job: {
    en: [
      'What is the job?',
      'What does the person do?',
      'What is the profession?',
      "What is the person's job?",
      'Which job is on the card?',
      'What is the position?',
    ],
    zh: [
      '职业是什么？',
      '这个人做什么工作？',
      '职位是什么？',
      '他是做什么的？',
      '名片上的职务是什么？',
      '工作是什么？',
    ],
  },
  company: {
    en: [
      'What is the company?',
      'Which company is it?',
      'What is the company called?',
      'Where does the person work?',
      'Which company is on the card?',
      'What is the name of the company?',
    ],
    zh: [
      '公司叫什么？',
      '是哪家公司？',
      '公司的名称是什么？',
      '在哪家公司工作？',
      '名片上的公司是什么？',
      '什么公司？',
    ],
  },
  phone: {
    en: [
      'What is the phone number?',
      'Which number should be called?',
      'What is the telephone number?',
      'What number can I call?',
      'Which phone number is given?',
      'Read the phone number.',
    ],
    zh: [
      '电话号码是多少？',
      '电话是多少？',
      '应该打哪个电话？',
      '联系电话是什么？',
      '电话号码是什么？',
      '请读出电话号码。',
    ],
  },
  cell: {
    en: [
      'What is {column} for {about}?',
      'What is in the column {column} of {about}?',
      'What does the table say for {about}, {column}?',
      'Read the cell of {about} and {column}.',
      '{about}: what is {column}?',
      'Which value has {about} under {column}?',
    ],
    zh: [
      '{about}的{column}是多少？',
      '表中{about}的{column}是什么？',
      '{about}那一行的{column}是多少？',
      '{about}的{column}写的是什么？',
      '请读出{about}的{column}。',
      '{about}，{column}是多少？',
    ],
  },
  beside: {
    en: [
      'What is beside {about}?',
      'What is the value of {about}?',
      'What does the table say for {about}?',
      'What is to the right of {about}?',
      'Which value has {about}?',
      'What is written after {about}?',
    ],
    zh: [
      '{about}旁边写的是什么？',
      '{about}对应的是多少？',
      '表中{about}是多少？',
      '{about}后面写的是什么？',
      '{about}右边是什么？',
      '{about}的数值是多少？',
    ],
  },
  from: {
    en: [
      'Where does the journey start?',
      'From where is the ticket?',
      'Where does it leave from?',
      'Which city does it start from?',
      'What is the place of departure?',
      'From which city?',
    ],
    zh: [
      '从哪里出发？',
      '出发地是哪里？',
      '从哪个城市出发？',
      '起点是哪里？',
      '车票从哪里开始？',
      '出发的城市是哪里？',
    ],
  },
  to: {
    en: [
      'Where does the journey go?',
      'What is the destination?',
      'Where is the ticket to?',
      'Which city does it go to?',
      'To which city?',
      'Where does it arrive?',
    ],
    zh: ['到哪里去？', '目的地是哪里？', '到哪个城市？', '终点是哪里？', '车票到哪里？', '到达的城市是哪里？'],
  },
  seat: {
    en: [
      'What is the seat?',
      'Which seat is it?',
      'What is the seat number?',
      'Which seat does the ticket give?',
      'Where do I sit?',
      'What seat is written?',
    ],
    zh: ['座位是什么？', '座位号是多少？', '是哪个座位？', '坐在哪里？', '票上的座位是什么？', '座号是什么？'],
  },
}
