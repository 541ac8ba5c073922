/** The commands of a conversation, as `qwen-vl chat --help` and `/help` list them. */
export const commandHelp = `  /picture PATH   show the model a picture; a path in a question does the same
  /history        what was said
  /regenerate     answer the last question again
  /draw FILE      draw the boxes of the last answer: .png, .jpg or .svg
  /clear          begin a new conversation
  /help           this list
  /quit           end
`
