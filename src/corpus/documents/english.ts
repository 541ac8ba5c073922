/** What stands in pictures of English text. Knows no pictures. */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import { clock, code, decimal, digits, numericDate, priceInHundredths } from './figures.ts'
import type { Vocabulary } from './vocabulary.ts'

const list = (text: string): string[] => text.trim().split(/\s*[,\n]\s*/)

const signs = list(`
OPEN, CLOSED, EXIT, ENTRANCE, PUSH, PULL, STOP, SALE, PARKING, NO/PARKING, WET/FLOOR, WET PAINT, KEEP/OUT, NO/SMOKING,
NO/ENTRY, ONE WAY, GIVE/WAY, SLOW, TAXI, BUS STOP, TICKETS, TOILETS, CAFE, BAKERY, FRESH/BREAD, HOT/COFFEE, ICE/CREAM,
FOR SALE, FOR/RENT, SOLD/OUT, RESERVED, PRIVATE, WELCOME, PLEASE/WAIT/HERE, PLEASE/KNOCK, DO NOT/DISTURB, MIND/THE GAP,
BEWARE/OF THE DOG, CAUTION, DANGER, HIGH/VOLTAGE, FIRE/EXIT, FIRST AID, INFORMATION, RECEPTION, LIFT, STAIRS, LIBRARY,
QUIET/PLEASE, NO PHOTOS, NO/SWIMMING, LIFEGUARD, PLATFORM, ARRIVALS, DEPARTURES, CHECK IN, BAGGAGE, GATE, MUSEUM, HOTEL,
BREAKFAST, LUNCH/SPECIAL, HAPPY/HOUR, LIVE/MUSIC, TONIGHT, BOOKS, FLOWERS, FRESH/FISH, FARM/EGGS, PHARMACY, DENTIST,
BARBER, POST/OFFICE, SCHOOL, CROSSING, PLAYGROUND, GARDEN, KEEP/LEFT, TURN/RIGHT, NO/EXIT, DEAD END, ROAD/CLOSED, DETOUR,
SPEED/LIMIT, HALF/PRICE, NEW, BEST/SELLER, FREE, FREE/WIFI, HELLO, THANK/YOU, GOOD/MORNING, HAPPY/BIRTHDAY, CONGRATULATIONS,
Back in/5 minutes, Open/every day, Ring/the bell, Pay here, Order here, Self service, Staff only, Lost and/found,
Use other/door, Keep the/door shut, Wash your/hands, Mind your/head, Watch/your step, Hold the/handrail, Out of/order`)

const phrases = list(`
have a nice day, see you tomorrow, the door is open, please come in, keep it simple, time for tea, made with love,
home sweet home, follow your heart, never give up, all you can eat, turn off the light, keep off the grass,
the train is late, good things take time, read more books, a cup of coffee, the best day ever, we are hiring,
fresh from the farm, back in an hour, fill in the form, two for one, once upon a time, life is good, stay hungry,
ask for help, wait for the bus, mind the step, open the window, close the gate, call me later, buy some milk,
water the plants, walk the dog, to be continued, first come first served, no time to lose, better late than never`)

const months = list('Jan, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov, Dec')
const days = list('Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday')
const firstNames = list(`
Anna, Ben, Clara, David, Emma, Felix, Grace, Henry, Ivy, Jack, Kate, Leo, Maria, Nina, Oscar, Paul, Rosa, Sam, Tina, Tom,
Alice, Bruno, Diana, Eric, Lucy, Mark, Nora, Peter, Ruth, Simon, Vera, Will`)
const lastNames = list(`
Adams, Baker, Bell, Brown, Clark, Cook, Davis, Evans, Fox, Gray, Green, Hall, Hill, Hunt, Jones, King, Lane, Lee, Lewis,
Long, Moore, Park, Reed, Rose, Scott, Shaw, Smith, Stone, Taylor, Ward, West, White, Wood, Young`)
const jobs = list(`
Architect, Baker, Barber, Carpenter, Cook, Dentist, Designer, Doctor, Editor, Engineer, Farmer, Florist, Gardener, Lawyer,
Manager, Nurse, Painter, Pilot, Plumber, Printer, Tailor, Teacher, Translator, Writer, Photographer, Sales Manager`)
const shopNames = list(`
Corner, Sunny, Green, Blue Door, Old Town, Station, River, Garden, Market, Lucky, Happy, Golden, Little, Red Lion, Harbour,
Village, Moon, Olive, Maple, Rose, Park, Hill, Bridge, North, Lemon, Fox`)
const shopKinds = list('Cafe, Shop, Store, Bakery, Books, Foods, Market, Bar, Kitchen, Deli, Toys, Flowers, Tea, Grill')
const companyKinds = list('Ltd, Inc, Group, Studio, Works, Design, Press, Travel, Foods, Motors, Labs, Partners')
const streets = list(
  'Main, High, Park, Station, Church, Mill, Lake, Hill, King, Queen, Oak, Elm, River, School, Market',
)
const rooms = list('Room, Hall, Gate, Office, Studio, Floor')

/** Lower case, Title case or UPPER case. */
export function inSomeCase(random: Random, text: string): string {
  switch (random.weighted({ lower: 4, title: 3, upper: 3 })) {
    case 'lower':
      return text
    case 'upper':
      return text.toUpperCase()
    case 'title':
      return text.charAt(0).toUpperCase() + text.slice(1)
  }
}

const alphabet = [...'abcdefghijklmnopqrstuvwxyz']

const dictionaryWord = (random: Random, { englishWords }: Materials) => random.pick(englishWords)

function figures(random: Random): string {
  switch (random.int(0, 8)) {
    case 0:
      return digits(random, random.int(1, 6))
    case 1:
      return price(random)(priceInHundredths(random, 90))
    case 2:
      return clock(random)
    case 3:
      return code(random)
    case 4:
      return phone(random)
    case 5:
      return random.chance(0.5) ? numericDate(random) : date(random)
    case 6:
      return `${random.int(1, 20) * 5}%`
    case 7:
      return random.pick([
        `No. ${random.int(1, 99)}`,
        `Room ${digits(random, 3)}`,
        `Gate ${code(random).slice(0, 2)}`,
        `${random.int(1, 12)} ${random.pick(['am', 'pm'])}`,
        `Bus ${random.int(1, 99)}`,
        `${random.int(2, 120)} km`,
        `${random.int(1, 40)} kg`,
        `${random.int(1, 30)} + ${random.int(1, 30)}`,
        `#${random.int(1, 99)}`,
      ])
    default:
      return code(random)
  }
}

function line(random: Random, materials: Materials): string {
  if (random.chance(0.3)) return inSomeCase(random, random.pick(phrases))
  const most = random.int(9, 24)
  const words: string[] = []
  for (const target = random.int(2, 6); words.length < target; ) {
    const word = random.chance(0.12) ? digits(random, random.int(1, 3)) : dictionaryWord(random, materials)
    if (words.join(' ').length + word.length + 1 > most && words.length > 1) break
    words.push(word)
  }
  const text = words.join(' ')
  if (text.length > 24) return line(random, materials)
  if (random.chance(0.15)) return words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
  return inSomeCase(random, text) + (random.chance(0.1) ? random.pick(['.', '!', '?']) : '')
}

function sign(random: Random, materials: Materials): readonly string[] {
  switch (random.weighted({ known: 5, word: 3, words: 2, figures: 1, street: 1 })) {
    case 'known':
      return random.pick(signs).split('/')
    case 'word':
      return [inSomeCase(random, dictionaryWord(random, materials))]
    case 'words':
      return [dictionaryWord(random, materials), dictionaryWord(random, materials)].map(word => word.toUpperCase())
    case 'figures':
      return [figures(random)]
    case 'street':
      return [`${random.pick(streets)} ${random.pick(['Street', 'Road', 'Lane', 'Square'])}`]
  }
}

function price(random: Random): (hundredths: number) => string {
  const [sign, short] = [random.pick(['$', '$', '£', '€', '']), random.chance(0.2)]
  return hundredths => sign + decimal(hundredths, short)
}

function phone(random: Random): string {
  return random.pick([
    `${digits(random, 3)}-${digits(random, 4)}`,
    `${digits(random, 3)} ${digits(random, 4)}`,
    `0${digits(random, 3)} ${digits(random, 6)}`,
    `${digits(random, 3)}-${digits(random, 3)}-${digits(random, 4)}`,
  ])
}

function date(random: Random): string {
  const [day, month] = [random.int(1, 28), random.pick(months)]
  return random.pick([
    `${day} ${month}`,
    `${month} ${day}`,
    `${day} ${month} ${random.int(2010, 2035)}`,
    random.pick(days),
  ])
}

function time(random: Random): string {
  const hour = random.int(1, 12)
  return random.pick([
    clock(random),
    `${hour} ${random.pick(['am', 'pm'])}`,
    `${hour}:${random.pick(['15', '30', '45'])} pm`,
  ])
}

/** English, British where it has to be either. */
export const english: Vocabulary = {
  language: 'en',
  word: (random, materials) => inSomeCase(random, dictionaryWord(random, materials)),
  nonsense: random =>
    inSomeCase(random, Array.from({ length: random.int(2, 10) }, () => random.pick(alphabet)).join('')),
  figures,
  line,
  sign,
  shop: random => `${random.pick(shopNames)} ${random.pick(shopKinds)}`,
  goods: list(`
apples, bananas, basket, beans, blanket, book, bread, brush, butter, candle, carrots, cheese, chocolate, coffee, cookies,
cup, eggs, flour, flowers, glue, grapes, hat, honey, jam, juice, lamp, lemons, map, milk, mirror, notebook, nuts, oil,
onions, paper, pasta, pears, pen, pencil, plates, rice, salt, scarf, shirt, soap, socks, spoon, sugar, tea, towel, toys,
umbrella, water, yoghurt`),
  dishes: list(`
apple pie, beef stew, black tea, bread, cake, carrot cake, cheese, chicken, chips, coffee, cola, curry, dumplings,
egg rolls, fish, fried eggs, fried rice, fruit, green tea, hot dog, ice cream, juice, lamb, latte, lemonade, milk, mocha,
noodles, omelette, pancakes, pasta, pizza, pork, pudding, salad, sandwich, soda, soup, steak, sushi, tacos, toast,
tomato soup, waffles, water`),
  weighed: list(
    `butter, cheese, cocoa, coffee, flour, honey, jam, juice, milk, nuts, oil, pasta, pepper, rice, salt, sugar, tea, yoghurt`,
  ),
  person: random => `${random.pick(firstNames)} ${random.pick(lastNames)}`,
  job: random => random.pick(jobs),
  company: random => `${random.pick([...lastNames, ...shopNames])} ${random.pick(companyKinds)}`,
  phone,
  date,
  time,
  place: random =>
    random.chance(0.5)
      ? `${random.pick(rooms)} ${random.int(1, 40)}`
      : `${random.int(1, 99)} ${random.pick(streets)} ${random.pick(['Street', 'Road', 'Lane'])}`,
  price,
  notice: list(`
The lift is broken, No swimming today, Water off at noon, Please use the back door, Library closed, Lost: grey cat,
Keys found, Piano lessons, Room to let, Bikes for sale, Free kittens, The shop has moved, New opening hours, No dogs please,
Shoes off please, Quiet after ten, Road works ahead, Car wash here, Help wanted, Cook wanted, Bring your own cup,
Take one, Fresh eggs daily, Ring twice, Back soon, Office closed, Wet paint, Meeting moved, Do not feed the ducks`),
  event: list(`
Book Sale, Jazz Night, Open Day, Film Club, Chess Evening, School Play, Flea Market, Dance Class, Art Show, City Run,
Bake Sale, Quiz Night, Choir Concert, Garden Party, Science Fair, Yoga Class, Puppet Show, Boat Race, Poetry Night`),
  city: list(`
London, Paris, Rome, Berlin, Madrid, Oslo, Vienna, Prague, Dublin, Lisbon, Athens, Cairo, Tokyo, Delhi, Lima, Boston,
Chicago, Dallas, Denver, Miami, Seattle, Sydney, York, Leeds, Bath, Geneva, Milan, Nice, Porto, Turin`),
  tables: [
    { headings: ['Day', 'Open', 'Close'], cells: ['clock', 'clock'], rows: list('Mon, Tue, Wed, Thu, Fri, Sat, Sun') },
    { headings: ['Name', 'Age', 'Score'], cells: ['whole', 'whole'], rows: firstNames },
    {
      headings: ['Item', 'Price', 'Stock'],
      cells: ['price', 'whole'],
      rows: list('Tea, Milk, Rice, Soap, Eggs, Salt, Pens, Cups, Bread, Oil'),
    },
    {
      headings: ['Train', 'Time', 'Gate'],
      cells: ['clock', 'whole'],
      rows: list('Rome, Oslo, Paris, York, Leeds, Bath, Milan, Nice, Porto'),
    },
    { headings: ['Month', 'Rain', 'Sun'], cells: ['whole', 'whole'], rows: months },
    {
      headings: ['Team', 'Won', 'Lost'],
      cells: ['whole', 'whole'],
      rows: list('Reds, Blues, Lions, Bears, Hawks, Stars, Kings, Wolves'),
    },
    {
      headings: ['City', 'High', 'Low'],
      cells: ['whole', 'whole'],
      rows: list('Rome, Oslo, Cairo, Lima, Tokyo, Delhi, Paris, Dublin'),
    },
  ],
  page: {
    total: list('Total, TOTAL, Sum, To pay, Amount due'),
    menu: list('Menu, MENU, Today, Lunch, Dinner, Drinks, Specials, Breakfast'),
    receipt: list('Receipt, RECEIPT, Thank you, Come again, Bill'),
    phone: list('Tel, Phone, Call, T'),
    price: list('Price, Only, Now'),
    weight: list('Net weight, Weight, Net'),
    seat: list('Seat, SEAT'),
    date: list('Date, DATE'),
    time: list('Time, TIME'),
    place: list('Place, Where'),
    from: list('From, FROM'),
    to: list('To, TO'),
    ticket: list('TICKET, Train ticket, ADMIT ONE, Bus ticket, Boarding pass, Concert'),
  },
}
