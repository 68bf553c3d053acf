-- Marked parts of the page become calls of functions in paper.typ: <div data-paper="panels">…</div> is #panels[…].

local LINE = 92 -- characters of table text that fit across the page

local function call(name, parts, raw)
  local made = {raw("typst", "#" .. name .. "[")}
  for _, part in ipairs(parts) do table.insert(made, part) end
  table.insert(made, raw("typst", "]"))
  return made
end

local function longest_word(cell)
  local longest = 0
  for word in pandoc.utils.stringify(cell.contents):gmatch("[^%s_/]+") do
    longest = math.max(longest, utf8.len(word) or #word)
  end
  return longest
end

-- How wide a table is when every line is broken where it can be, in characters.
local function narrowest(t)
  local columns = {}
  local function measure(rows)
    for _, row in ipairs(rows) do
      for number, cell in ipairs(row.cells) do
        if cell.col_span == 1 then
          columns[number] = math.max(columns[number] or 0, longest_word(cell))
        end
      end
    end
  end
  measure(t.head.rows)
  for _, body in ipairs(t.bodies) do measure(body.body) end
  local sum = 0
  for _, width in pairs(columns) do sum = sum + width + 2 end
  return sum
end

local function fitted(t)
  local function right(cell)
    if cell.classes:includes("num") then cell.alignment = "AlignRight" end
    return cell
  end
  local function bold(cell)
    cell.contents = cell.contents:walk({Plain = function(words) return pandoc.Plain({pandoc.Strong(words.content)}) end})
    return right(cell)
  end
  for _, row in ipairs(t.head.rows) do row.cells = row.cells:map(bold) end
  for _, body in ipairs(t.bodies) do
    for _, row in ipairs(body.body) do row.cells = row.cells:map(right) end
  end
  local width = narrowest(t)
  if width <= LINE then return t end
  return call(string.format("sized(%d%%)", math.floor(100 * LINE / width)), {t}, pandoc.RawBlock)
end

-- Long names may break after an underscore or a slash.
function Str(text)
  return pandoc.Str((text.text:gsub("([%w][_/])([%w])", "%1\u{200b}%2")))
end

function Span(span)
  if span.classes:includes("source") then return call("source", span.content, pandoc.RawInline) end
end

-- An image is as wide as the text, or lower than the page is high.
function Image(image)
  local width, height = tonumber(image.attributes.width), tonumber(image.attributes.height)
  local share = width and height and math.min(1, 1.2 * width / height) or 1
  image.attributes = {width = string.format("%.1f%%", 100 * share), alt = pandoc.utils.stringify(image.caption)}
  return image
end

function Table(t)
  return fitted(t)
end

function Div(div)
  if div.attributes.paper then return call(div.attributes.paper, div.content, pandoc.RawBlock) end
  return div.content
end

-- A table takes over the caption of its figure, so that it may break across pages.
function Figure(figure)
  local holds_table = false
  local content = figure.content:walk({Table = function(t)
    holds_table = true
    t.caption, t.identifier = figure.caption, figure.identifier
    return t
  end})
  return holds_table and content or nil
end
