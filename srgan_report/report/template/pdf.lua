-- Marked parts of the page become calls of functions in pdf.typ: <div data-paper="panels">…</div> is #panels[…].

local SHORT = 16 -- rows up to which a table stays on one page; parameters, whose rows are high, may break

local function call(name, parts, raw)
  local made = {raw("typst", "#" .. name .. "[")}
  for _, part in ipairs(parts) do table.insert(made, part) end
  table.insert(made, raw("typst", "]"))
  return made
end

-- A table with bold headings and its numbers to the right; what a row of numbers is about stays on one line.
local function dressed(t)
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
  local rows = 0
  for _, body in ipairs(t.bodies) do
    for _, row in ipairs(body.body) do
      if row.cells[2] and row.cells[2].classes:includes("num") then
        row.cells[1].contents = row.cells[1].contents:walk({Space = function() return pandoc.Str("\u{a0}") end})
      end
    end
    each(body.body, align)
    rows = rows + #body.body
  end
  return rows <= SHORT and not t.classes:includes("parameters") and call("whole", {t}, pandoc.RawBlock) or t
end

-- Long names may break after an underscore or a slash.
function Str(text)
  return pandoc.Str((text.text:gsub("([%w][_/])([%w])", "%1\u{200b}%2")))
end

function Span(span)
  if span.classes:includes("source") then return call("source", span.content, pandoc.RawInline) end
end

-- Typst 0.15 has other names for some symbols than pandoc 3.9 writes, and puts an index below an arrow.
function Math(formula)
  local typst = pandoc.write(pandoc.Pandoc({pandoc.Plain({formula})}), "typst"):gsub("%s+$", "")
  return pandoc.RawInline("typst", (typst:gsub("%.circle", ".o"):gsub("%f[%a]sect%f[%A]", "inter"):gsub("arrow%.b_", "scripts(arrow.b)_")))
end

local INCHES, COLUMN, HIGHEST = 6.4, 116, 64 -- plotting.WIDTH; millimetres, as in pdf.typ

-- A picture is as wide as the column beside its caption, if it would not be too high to find room near its text; a chart
-- that is drawn narrower stays so.
function Image(image)
  local wide, high = tonumber(image.attributes.width), tonumber(image.attributes.height)
  local inches = tonumber((image.attributes.style or ""):match("%-%-inches: ([%d.]+)")) or INCHES
  local width = COLUMN * math.min(1, inches / INCHES)
  if wide and high then width = math.min(width, HIGHEST * wide / high) end
  image.attributes = {width = string.format("%.1fmm", width), alt = pandoc.utils.stringify(image.caption)}
  return image
end

local function across(image)
  image.attributes.width = "100%"
  return image
end

function Table(t)
  if t.classes:includes("sheet") then return call("sheet", {t:walk({Image = across})}, pandoc.RawBlock) end
  return dressed(t)
end

-- A glossary is a list whose items begin with their terms.
function DefinitionList(list)
  return pandoc.BulletList(list.content:map(function(item)
    local words = pandoc.Inlines({pandoc.Strong(item[1]), pandoc.Str(":"), pandoc.Space()})
    return {pandoc.Plain(words .. pandoc.utils.blocks_to_inlines(item[2][1]))}
  end))
end

-- Panels share the width: in one row, or in two.
local PANELS = 7
local function arranged(panels)
  local count = 0
  for _, part in ipairs(panels) do
    if part.text == "#panel[" then count = count + 1 end
  end
  local columns = count > PANELS and math.ceil(count / 2) or count
  return call("panels(" .. columns .. ")", panels, pandoc.RawBlock)
end

function Div(div)
  if div.attributes.paper == "panel" then div = div:walk({Image = across}) end
  if div.attributes.paper == "panels" then return arranged(div.content) end
  if div.attributes.paper then return call(div.attributes.paper, div.content, pandoc.RawBlock) end
  return div.content
end

-- A table takes over the caption of its figure, so that it may break across pages. Examples do not float.
function Figure(figure)
  if figure.classes:includes("example") then
    local caption = call("examplecaption", figure.caption.long, pandoc.RawBlock)
    local content = figure.content
    content:extend(caption)
    return call("example", content, pandoc.RawBlock)
  end
  local holds_table = false
  local content = figure.content:walk({Table = function(t)
    holds_table = true
    t.caption, t.identifier = figure.caption, figure.identifier
    return t
  end})
  return holds_table and content or nil
end
