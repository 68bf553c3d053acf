-- Marked parts of the page become calls of functions in pdf.typ: <div data-paper="panels">…</div> is #panels[…].

local LINE = 92 -- characters of a table's text that fit across the page
local SMALL = 0.72 -- tables shrink to this before their lines break

local function call(name, parts, raw)
  local made = {raw("typst", "#" .. name .. "[")}
  for _, part in ipairs(parts) do table.insert(made, part) end
  table.insert(made, raw("typst", "]"))
  return made
end

local function longest(cell, pattern)
  local most = 0
  for piece in pandoc.utils.stringify(cell.contents):gmatch(pattern) do
    most = math.max(most, utf8.len(piece) or #piece)
  end
  return most
end

-- How wide a table is in characters; its headings may always break, its cells where pieces of the pattern end.
local function width(t, pattern)
  local columns = {}
  local function measure(rows, pieces)
    for _, row in ipairs(rows) do
      for number, cell in ipairs(row.cells) do
        if cell.col_span == 1 then
          columns[number] = math.max(columns[number] or 0, longest(cell, pieces))
        end
      end
    end
  end
  measure(t.head.rows, "[^%s_/]+")
  for _, body in ipairs(t.bodies) do measure(body.body, pattern) end
  local sum = 0
  for _, characters in pairs(columns) do sum = sum + characters + 2 end
  return sum
end

-- A table small enough for the page, its headings bold and its numbers to the right; one with set widths fits anyway.
local function fitted(t)
  local function each(rows, change)
    for _, row in ipairs(rows) do row.cells = row.cells:map(change) end
  end
  local function align(cell)
    if cell.classes:includes("num") then cell.alignment = "AlignRight" end
    return cell
  end
  each(t.head.rows, function(cell)
    cell.contents = cell.contents:walk({Plain = function(words) return pandoc.Plain({pandoc.Strong(words.content)}) end})
    return align(cell)
  end)
  for _, body in ipairs(t.bodies) do each(body.body, align) end
  if t.colspecs[1][2] then return t end
  local ratio = LINE / width(t, ".+")
  if ratio < SMALL then ratio = LINE / width(t, "[^%s_/]+") end
  if ratio >= 1 then return t end
  return call(string.format("sized(%d%%)", math.floor(100 * ratio)), {t}, pandoc.RawBlock)
end

-- Long names may break after an underscore or a slash.
function Str(text)
  return pandoc.Str((text.text:gsub("([%w][_/])([%w])", "%1\u{200b}%2")))
end

function Span(span)
  if span.classes:includes("source") then return call("source", span.content, pandoc.RawInline) end
end

-- Typst 0.15 has other names for some symbols than pandoc 3.9 writes.
function Math(formula)
  local typst = pandoc.write(pandoc.Pandoc({pandoc.Plain({formula})}), "typst"):gsub("%s+$", "")
  return pandoc.RawInline("typst", (typst:gsub("%.circle", ".o"):gsub("%f[%a]sect%f[%A]", "inter")))
end

-- An image is as wide as the text. A chart stays lower than the page, photographs low enough for two on a page.
function Image(image)
  local wide, high = tonumber(image.attributes.width), tonumber(image.attributes.height)
  local most = image.src:match("%.svg$") and 1.2 or 0.62
  local share = wide and high and math.min(1, most * wide / high) or 1
  image.attributes = {width = string.format("%.1f%%", 100 * share), alt = pandoc.utils.stringify(image.caption)}
  return image
end

function Table(t)
  return fitted(t)
end

local function across(image)
  image.attributes.width = "100%"
  return image
end

function Div(div)
  if div.attributes.paper == "panel" then div = div:walk({Image = across}) end
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
