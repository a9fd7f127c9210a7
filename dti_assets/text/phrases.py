"""Words of simulated reports: our own, never any government's. No code.

None of the sentences but the carriers holds a term of the shipped dictionary, and no two pieces
put side by side make one: every term has a character that is in no sentence here. A term stands
between neighbours that lengthen none (以, 在, 、, 和, 等, a colon). Tests hold both.
"""

RESULTS = (
    "粮食产量", "工业增加值", "固定资产投资", "居民人均收入", "一般公共支出", "城镇就业人数",
    "进出口总额", "旅游人次", "森林面积", "高速公路里程", "医疗服务能力", "教育质量", "企业效益",
    "社会消费品总额", "农产品加工产值", "水利工程进度", "重大项目进展", "城乡面貌", "港口货运量",
)  # fmt: skip
OUTCOMES = (
    "稳步提高", "保持平稳增长", "好于预期", "位居全国前列", "达到较快增长", "有了明显改善",
    "全面完成年度任务", "比上年增长{n}%", "增加{n}万", "取得新的进步", "创历史最好水平",
)  # fmt: skip
ACTIONS = (
    "推进", "加快", "加强", "深化", "完善", "扩大", "支持", "改善", "落实", "提升", "优化", "保障",
    "全面推进", "扎实做好", "继续抓好", "高质量推进", "着力加强",
)  # fmt: skip
MATTERS = (
    "农田水利建设", "国有企业改革", "乡村公路建设", "老旧小区改造", "大气污染防治", "教育公平",
    "基层医疗服务", "高校毕业生就业工作", "对外开放", "招商引资工作", "产业园区发展",
    "城乡基础设施建设", "社会保障工作", "生态保护和修复", "民营经济发展", "安全生产工作",
    "技能人才培养", "公共文化事业", "养老服务", "粮食生产", "人民健康", "工业结构调整",
    "县域经济发展", "商贸流通", "旅游开发", "法治政府建设", "财税改革", "国土绿化", "港口建设",
)  # fmt: skip
PLACES = ("全省", "各市县", "沿江地区", "山区", "城镇", "开发区", "农村", "重点企业", "各部门")
# what holds a term; {t} is one term, or several joined by 、 and 和
CARRIERS = (
    "以{t}等为重点改善企业服务。",
    "在{t}等方面取得新的进展。",
    "推进{t}、农业和工业共同发展。",
    "围绕{t}等，建设一批重大项目。",
    "加强{t}和教育等工作。",
    "社会各界对{t}等的关注有所提高。",
)
ANNEX_CARRIERS = (
    "{t}：指由有关部门提出并在本报告中使用的说法。",
    "{t}：有关工作由各部门共同承担，具体安排见年度计划。",
)
# look like terms and are none: inside longer words, or only a piece of one
DECOYS = (
    "新增储能容量55GWh。",
    "企业的智能水平有所提高。",
    "编号15G的专项工作全面完成。",
    "SAIoTX试验线建成。",
    "B2BX项目开工建设。",
    "统计数据更加准确。",
    "政务信息公开工作有序推进。",
    "大幅增加数字统计人员。",
)
OPENINGS = (
    "我代表人民政府向大会报告工作，请予审议，并请各位政协委员提出意见。",
    "我代表人民政府作工作报告，请连同计划草案一并审议，并请政协委员和列席人员提出意见。",
)
CLOSINGS = (
    "各位代表，让我们团结起来，为全面完成各项任务而努力！",
    "各位代表！做好各项工作责任重大，让我们同心同德，为人民的美好生活而努力！",
)
# headings of the review and of the plan; {y} the year of delivery, {p} the year before
HEADINGS = (
    (("一、{p}年工作回顾",), ("二、{y}年工作安排",)),
    (("一、过去一年工作回顾",), ("二、今年工作的总体要求和主要目标", "三、{y}年重点任务")),
    (("第一部分　{p}年工作回顾",), ("第二部分　{y}年重点工作",)),
    (("{p}年工作回顾",), ("{y}年工作安排",)),
)
ANNEX_HEADINGS = ("附件：名词解释", "名词解释", "《政府工作报告》名词解释")
TABLE_HEAD = ("领域", "进展")
TABLE_STATES = ("已开工", "正在实施", "全面完成", "前期工作")
RUNNING_HEAD = "政府工作报告"
# around the article of a web page; these hold terms, and none of them may be counted
MENU = ("首页", "大数据局", "数字经济专栏", "政务公开", "互动交流")
RELATED = ("人工智能产业发展规划解读", "工业互联网现场会召开", "5G基站建设情况通报")
FOOTER = "主办单位：办公厅　技术支持：云计算中心"
