/** What stands in pictures of Chinese text. Knows no pictures. */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import { clock, code, decimal, digits, numericDate, priceInHundredths } from './figures.ts'
import type { Vocabulary } from './vocabulary.ts'

const list = (text: string): string[] => text.trim().split(/\s*[、\n]\s*/)

/** The most frequent characters: each of them is drawn as often as any other. */
const frequent = 800

const signs = list(`
出口、入口、安全出口、营业中、休息中、欢迎光临、禁止停车、禁止入内、禁止吸烟、小心地滑、请勿打扰、请勿拍照、小心台阶、
注意安全、停车场、出租车、公交站、地铁站、火车站、飞机场、售票处、洗手间、男厕所、女厕所、问讯处、收银台、服务台、
超市、商店、书店、花店、药店、饭店、酒店、宾馆、银行、医院、学校、图书馆、博物馆、电影院、咖啡店、面包房、水果店、
理发店、洗衣店、小吃店、火锅、面馆、茶馆、包子、饺子、牛肉面、打折、特价、半价、清仓、新品上市、买一送一、全场八折、
开业大吉、恭喜发财、新年快乐、生日快乐、谢谢、你好、再见、推、拉、停、慢、让、爱护花草、节约用水、保持安静、排队等候、
请走左边、请走右边、前方施工、学校路口、单行道、人行道、此路不通、今日有鱼、现做现卖、免费上网、招人、出租、已满`)

const phrases = list(`
今天天气很好、明天早上见、请把门关好、欢迎下次再来、好好学习、天天向上、一路平安、身体健康、万事如意、家和万事兴、
时间就是金钱、读书使人进步、饭前要洗手、请大家排好队、这里不能停车、小心高空落物、水开了再下面、出门记得关灯、
早起的鸟有虫吃、路上注意安全、每天一杯牛奶、先到先得、外面下雨了、山高水长、心想事成、开心每一天、明月几时有、
春天来了、花开了、我在这里等你、我爱我的家、多喝水早点睡、有话好好说、慢慢来比较快`)

const surnames = [...'王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗']
const givenNames = list(`
明、华、丽、强、军、平、文、红、小明、小红、大山、海燕、志强、建国、晓东、雪梅、春生、国庆、家乐、文静、思雨、子安、
一鸣、天成、美玲、永福、金花、长江、新月、立冬`)
const shopNames = list(`
东方、新世界、大家乐、老北京、好运来、小城、阳光、春天、红星、金山、长城、四季、百姓、天天、美味、一品、江南、海边、
福来、快乐、城南、北门、明月、青山、月亮`)
const shopKinds = list('超市、商店、书店、饭店、茶馆、面馆、花店、药店、小吃、水果、餐厅、便利店、咖啡')
const jobs = list('经理、医生、老师、工程师、设计师、律师、记者、会计、司机、作家、画家、店长、主任、教授、校长')
const companyKinds = list('公司、集团、科技、文化、贸易、设计、广告、建筑、食品、电子')
const roads = list('人民、中山、解放、和平、新华、建设、长江、北京、南京、文化、东风、学院、花园、公园')
const days = list('星期一、星期二、星期三、星期四、星期五、星期六、星期日')

const someCharacters = (random: Random, { chineseCharacters }: Materials, count: number): string =>
  Array.from(
    { length: count },
    () => chineseCharacters[random.int(0, Math.min(frequent, chineseCharacters.length) - 1)]!,
  ).join('')

function figures(random: Random): string {
  switch (random.int(0, 8)) {
    case 0:
      return digits(random, random.int(1, 6))
    case 1:
      return price(random)(priceInHundredths(random, 90))
    case 2:
      return time(random)
    case 3:
      return date(random)
    case 4:
      return phone(random)
    case 5:
      return `${random.int(1, 9)}${random.pick(['折', '楼', '号门', '路', '年级'])}`
    case 6:
      return `${random.int(2, 99)}${random.pick(['元', '号', '路车', '公里', '公斤', '分钟', '米', '岁', '人'])}`
    case 7:
      return `${digits(random, 3)}${random.pick(['室', '房间', '号', '教室'])}`
    default:
      return code(random)
  }
}

function line(random: Random, materials: Materials): string {
  switch (random.weighted({ phrase: 3, words: 5, characters: 2 })) {
    case 'phrase':
      return random.pick(phrases)
    case 'characters':
      return someCharacters(random, materials, random.int(4, 9))
    case 'words': {
      const length = random.int(4, 10)
      let text = ''
      while ([...text].length < length) text += random.pick(materials.chineseWords)
      const ended = [...text].slice(0, 10).join('')
      return random.chance(0.1) ? `${ended}${random.pick(['。', '！', '？'])}` : ended
    }
  }
}

function sign(random: Random, materials: Materials): readonly string[] {
  switch (random.weighted({ known: 5, word: 3, characters: 1, figures: 1, road: 1 })) {
    case 'known': {
      const text = random.pick(signs)
      return [...text].length === 4 && random.chance(0.4) ? [text.slice(0, 2), text.slice(2)] : [text]
    }
    case 'word':
      return [random.pick(materials.chineseWords)]
    case 'characters':
      return [someCharacters(random, materials, random.int(1, 4))]
    case 'figures':
      return [figures(random)]
    case 'road':
      return [`${random.pick(roads)}${random.pick(['路', '街', '大道', '广场', '东路', '西路'])}`]
  }
}

function price(random: Random): (hundredths: number) => string {
  const form = random.pick(['¥', '元', ''])
  const short = random.chance(0.4)
  return hundredths => (form === '元' ? `${decimal(hundredths, short)}元` : form + decimal(hundredths, short))
}

const phone = (random: Random): string =>
  random.pick([
    `1${random.int(3, 9)}${digits(random, 9)}`,
    `0${digits(random, 2)}-${digits(random, 8)}`,
    `${digits(random, 4)} ${digits(random, 4)}`,
    `${digits(random, 8)}`,
  ])

function date(random: Random): string {
  const [month, day] = [random.int(1, 12), random.int(1, 28)]
  return random.pick([
    `${month}月${day}日`,
    `${month}月${day}日`,
    `${random.int(2010, 2035)}年${month}月`,
    numericDate(random),
    random.pick(days),
  ])
}

function time(random: Random): string {
  const hour = random.int(1, 12)
  return random.pick([
    clock(random),
    `上午${random.int(6, 11)}点`,
    `下午${random.int(1, 5)}点`,
    `晚上${random.int(6, 10)}点`,
    `${hour}点半`,
    `${hour}点${random.int(1, 5)}0分`,
  ])
}

/** Chinese, in simplified characters. */
export const chinese: Vocabulary = {
  language: 'zh',
  word: (random, materials) => random.pick(materials.chineseWords),
  nonsense: (random, materials) => someCharacters(random, materials, random.int(1, 4)),
  figures,
  line,
  sign,
  shop: random => random.pick(shopNames) + random.pick(shopKinds),
  goods: list(`
苹果、香蕉、牛奶、面包、鸡蛋、大米、面条、白糖、食盐、酱油、茶叶、咖啡、果汁、啤酒、可乐、饼干、巧克力、西瓜、葡萄、
白菜、土豆、西红柿、黄瓜、豆腐、牛肉、猪肉、鱼、毛巾、牙刷、香皂、纸巾、铅笔、本子、雨伞、帽子、袜子、杯子、电池、
花生、蜂蜜`),
  dishes: list(`
牛肉面、炒饭、水饺、包子、馒头、豆浆、油条、白粥、米饭、红烧肉、烤鸭、烤鱼、鱼香肉丝、麻婆豆腐、宫保鸡丁、西红柿炒蛋、
酸辣汤、青菜、凉面、火锅、春卷、绿茶、红茶、奶茶、咖啡、果汁、可乐、冰水、蛋糕、沙拉、羊肉串、米线、小笼包、鸡汤`),
  weighed: list(`大米、面条、白糖、食盐、酱油、茶叶、咖啡、果汁、牛奶、饼干、巧克力、花生、蜂蜜、豆腐、面粉、酸奶`),
  person: random => random.pick(surnames) + random.pick(givenNames),
  job: random => random.pick(jobs),
  company: random => random.pick(shopNames) + random.pick(companyKinds),
  phone,
  date,
  time,
  place: random =>
    random.pick([
      `${random.int(1, 9)}号楼${digits(random, 3)}室`,
      `${random.pick(roads)}路${random.int(1, 300)}号`,
      `${random.int(1, 12)}楼会议室`,
      `${random.pick(['一', '二', '三'])}楼大厅`,
      '学校操场',
      '人民公园',
      '图书馆门口',
      '市民广场',
    ]),
  price,
  notice: list(`
今日停水、今天停电、电梯维修、请走后门、暂停营业、本店已搬家、寻找小猫、房屋出租、教钢琴、招服务员、会议改期、
请勿喂鸟、请脱鞋、自带杯子、免费领取、新鲜鸡蛋、前方修路、洗车由此进、请按门铃、马上回来、请勿大声说话、明天放假、
图书馆关闭、二手车出售、请排队上车、门口不要停车`),
  event: list(`
读书会、音乐会、开放日、电影节、书法比赛、新年晚会、运动会、家长会、跳蚤市场、舞蹈课、画展、长跑比赛、诗歌朗读、
科学节、儿童剧、花市、美食节、毕业典礼、羽毛球赛、春游`),
  city: list(`
北京、上海、广州、深圳、南京、杭州、成都、西安、武汉、重庆、天津、苏州、长沙、青岛、大连、昆明、厦门、济南、合肥、福州、
沈阳、太原、兰州、海口、三亚`),
  tables: [
    {
      headings: ['星期', '上午', '下午'],
      cells: ['clock', 'clock'],
      rows: list('周一、周二、周三、周四、周五、周六、周日'),
    },
    {
      headings: ['姓名', '年龄', '分数'],
      cells: ['whole', 'whole'],
      rows: list('小明、小红、大山、文静、志强、海燕、美玲、一鸣'),
    },
    {
      headings: ['商品', '价格', '库存'],
      cells: ['price', 'whole'],
      rows: list('牛奶、面包、大米、鸡蛋、茶叶、苹果、毛巾、铅笔'),
    },
    {
      headings: ['车次', '时间', '站台'],
      cells: ['clock', 'whole'],
      rows: list('北京、上海、南京、西安、成都、武汉、天津、青岛'),
    },
    {
      headings: ['月份', '雨天', '晴天'],
      cells: ['whole', 'whole'],
      rows: list('一月、二月、三月、四月、五月、六月、七月、八月、九月、十月'),
    },
    { headings: ['球队', '胜', '负'], cells: ['whole', 'whole'], rows: list('红队、蓝队、黄队、绿队、白队、黑队') },
    {
      headings: ['城市', '最高', '最低'],
      cells: ['whole', 'whole'],
      rows: list('北京、上海、广州、昆明、海口、大连、长沙'),
    },
  ],
  page: {
    total: list('合计、总计、总价、应付、共计'),
    menu: list('菜单、今日特价、早餐、午餐、晚餐、饮料、主食、小吃'),
    receipt: list('收据、小票、谢谢光临、欢迎再来、收银单'),
    phone: list('电话、手机、热线'),
    price: list('价格、特价、现价、售价'),
    weight: list('净重、重量、净含量'),
    seat: list('座位、座号'),
    date: list('日期'),
    time: list('时间'),
    place: list('地点、地址'),
    from: list('出发、从'),
    to: list('到达、到'),
    ticket: list('车票、门票、电影票、火车票、机票、入场券、音乐会'),
  },
}
