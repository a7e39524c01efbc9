-- HAProxy asks hallpass whether to let a request in: the action `hallpass` of `http-request`.

local address = "http://{{+ parts.hallpass +}}/forward-auth"

-- What hallpass reads of a request; a body is none of it.
local read = {
    "accept", "authorization", "cookie", "sec-fetch-mode", "traceparent", "user-agent", "x-request-id", "x-requested-with",
}

-- Who it is. hallpass sends all of them, so that none of the client's own is left.
local identity = {
{%- for name in parts.names +%}
    "{{+ name.header|lower +}}",
{%- endfor +%}
}

{%- if let Some(cookie) = parts.cookie +%}

-- The cookies that go on to the application: all but ours, however often that is there.
local function without_ours(lines)
    local kept = {}
    for number = 0, #lines do
        for pair in lines[number]:gmatch("[^;]+") do
            if pair:match("^%s*([^=]-)%s*=") ~= "{{+ cookie +}}" then
                kept[#kept + 1] = pair:match("^%s*(.-)%s*$")
            end
        end
    end
    return table.concat(kept, "; ")
end
{%- endif +%}

-- What a client is told that is not let in.
local told = {
    "cache-control", "content-type", "hallpass-reason", "location", "retry-after", "www-authenticate", "x-request-id",
}

local function first(headers, name)
    local values = headers[name]
    return values and values[0] or nil
end

core.register_action("hallpass", { "http-req" }, function(txn)
    local sent = txn.http:req_get_headers()
    local asked = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" },
        ["x-forwarded-host"] = { first(sent, "host") or "" },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-for"] = { txn.sf:src() },
    }
    for _, name in ipairs(read) do
        if sent[name] then
            local values = {}
            for number = 0, #sent[name] do
                values[number + 1] = sent[name][number]
            end
            asked[name] = values
        end
    end

    local answer = core.httpclient():get({ url = address, headers = asked, timeout = 5000 })
    local status = answer and answer.status or 0
    if status == 200 then
        for _, name in ipairs(identity) do
            txn.http:req_set_header(name, first(answer.headers, name) or "")
        end
{%- if parts.cookie.is_some() +%}
        if sent["cookie"] then
            local cookies = without_ours(sent["cookie"])
            txn.http:req_del_header("cookie")
            if cookies ~= "" then
                txn.http:req_add_header("cookie", cookies)
            end
        end
{%- endif +%}
        txn:set_var("txn.hallpass", "in")
        return
    end

    -- Nobody is logged out because hallpass is away.
    local headers = { ["cache-control"] = { "no-store" }, ["retry-after"] = { "2" } }
    if status >= 300 and status <= 599 then
        headers = {}
        for _, name in ipairs(told) do
            local value = first(answer.headers, name)
            if value then
                headers[name] = { value }
            end
        end
    else
        status = 503
    end
    txn:done(txn:reply({ status = status, headers = headers, body = answer and answer.body or "" }))
end)
